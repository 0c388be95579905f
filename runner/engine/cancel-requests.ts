/** SIGINT and SIGTERM as they come in. They may come at any time, also before there is anything to stop. */
export class CancelRequests {
  private count = 0;
  private listener: ((count: number) => void) | undefined;

  /** One more signal has come. */
  request(): void {
    this.count += 1;
    this.listener?.(this.count);
  }

  get isRequested(): boolean {
    return this.count > 0;
  }

  /**
   * From now on `listener` is called with how many requests there were so far: at once if there were any already.
   * There is one listener at a time: whoever is at work takes over from whoever was.
   */
  listen(listener: (count: number) => void): void {
    this.listener = listener;
    if (this.count > 0) listener(this.count);
  }
}
