/** How work that takes long, such as that on a run or a build, hears that somebody wants it to end. */
export class WorkControl {
  private requested: 'gently' | 'force' | null = null;
  private readonly listeners = new Set<(force: boolean) => void>();
  private readonly aborted = new AbortController();

  get isCancelled(): boolean {
    return this.requested !== null;
  }

  /** For work that can only be dropped, such as a clone. */
  get signal(): AbortSignal {
    return this.aborted.signal;
  }

  /** Asking twice changes nothing; asking with `force` after asking without does. */
  cancel(force: boolean): void {
    if (this.requested === 'force' || (this.requested === 'gently' && !force)) return;
    this.requested = force ? 'force' : 'gently';
    for (const listener of this.listeners) listener(force);
    this.aborted.abort();
  }

  /** Drops what can be begun again, without asking it to end: the server stops, and the next one goes on. */
  letGo(): void {
    this.aborted.abort();
  }

  /** Calls `listener` on each request to end, at once when there was one. @returns how to stop listening */
  onCancel(listener: (force: boolean) => void): () => void {
    this.listeners.add(listener);
    if (this.requested !== null) listener(this.requested === 'force');
    return () => this.listeners.delete(listener);
  }
}
