import { KeyedMutex } from './keyed-mutex';

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('KeyedMutex', () => {
  it('runs tasks of one key in order and those of others at once', async () => {
    const mutex = new KeyedMutex();
    const first = gate();
    const log: string[] = [];
    const a1 = mutex.run('a', async () => {
      await first.opened;
      log.push('a1');
    });
    const a2 = mutex.run('a', () => Promise.resolve(log.push('a2')));
    await mutex.run('b', () => Promise.resolve(log.push('b')));
    first.open();
    await Promise.all([a1, a2]);
    expect(log).toEqual(['b', 'a1', 'a2']);
    expect(mutex.isBusy('a')).toBe(false);
  });

  it('goes on after a task that failed', async () => {
    const mutex = new KeyedMutex();
    const failed = mutex.run('a', () => Promise.reject(new Error('no')));
    const next = mutex.run('a', () => Promise.resolve('yes'));
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });

  it('lets a waiting task give up without letting the next one overtake', async () => {
    const mutex = new KeyedMutex();
    const first = gate();
    const log: string[] = [];
    const a1 = mutex.run('a', () => first.opened.then(() => log.push('a1')));
    const controller = new AbortController();
    const a2 = mutex.run('a', () => Promise.resolve(log.push('a2')), controller.signal);
    const a3 = mutex.run('a', () => Promise.resolve(log.push('a3')));
    controller.abort(new Error('gave up'));
    await expect(a2).rejects.toThrow('gave up');
    expect(log).toEqual([]);
    first.open();
    await Promise.all([a1, a3]);
    expect(log).toEqual(['a1', 'a3']);
  });
});
