import { ByteBudget } from './byte-budget';

/** Tasks of a budget that end when they are told to. */
class Room {
  readonly atWork: string[] = [];
  private readonly ends = new Map<string, (error?: Error) => void>();

  constructor(private readonly budget: ByteBudget) {}

  begin(name: string, bytes: number): Promise<void> {
    return this.budget.run(bytes, () => {
      this.atWork.push(name);
      return new Promise<void>((resolve, reject) => {
        this.ends.set(name, (error) => {
          this.atWork.splice(this.atWork.indexOf(name), 1);
          if (error) reject(error);
          else resolve();
        });
      });
    });
  }

  async end(name: string, error?: Error): Promise<void> {
    this.ends.get(name)?.(error);
    await settle();
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ByteBudget', () => {
  it('lets in what there is room for, in order, and what is larger than all alone', async () => {
    const room = new Room(new ByteBudget(10));
    const begun = [
      room.begin('four', 4),
      room.begin('six', 6),
      room.begin('hundred', 100),
      room.begin('one', 1),
      room.begin('nine', 9),
    ];
    await settle();
    expect(room.atWork).toEqual(['four', 'six']);
    await room.end('four');
    // There would be room for `one`, but it came later.
    expect(room.atWork).toEqual(['six']);
    await room.end('six');
    expect(room.atWork).toEqual(['hundred']);
    await room.end('hundred');
    expect(room.atWork).toEqual(['one', 'nine']);
    await room.end('one');
    await room.end('nine');
    await Promise.all(begun);
  });

  it('has its room back after a task that failed', async () => {
    const room = new Room(new ByteBudget(10));
    const failing = room.begin('failing', 10);
    const refusal = expect(failing).rejects.toThrow('no');
    const next = room.begin('next', 10);
    await settle();
    await room.end('failing', new Error('no'));
    await refusal;
    expect(room.atWork).toEqual(['next']);
    await room.end('next');
    await next;
  });
});
