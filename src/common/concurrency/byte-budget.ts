interface Waiting {
  bytes: number;
  begin(): void;
}

/**
 * Bounds how many bytes are at work at once. First come, first served: nothing small overtakes something large, which
 * would then wait for ever. What is larger than the whole budget is let in alone.
 */
export class ByteBudget {
  private free: number;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly total: number) {
    this.free = total;
  }

  /** Runs the task when there is room for so many bytes. Rejects with whatever the task rejects with. */
  async run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    const taken = Math.min(bytes, this.total);
    await this.take(taken);
    try {
      return await task();
    } finally {
      this.free += taken;
      this.letIn();
    }
  }

  private take(bytes: number): Promise<void> {
    return new Promise((begin) => {
      this.waiting.push({ bytes, begin });
      this.letIn();
    });
  }

  private letIn(): void {
    for (let next = this.waiting[0]; next && next.bytes <= this.free; next = this.waiting[0]) {
      this.waiting.shift();
      this.free -= next.bytes;
      next.begin();
    }
  }
}
