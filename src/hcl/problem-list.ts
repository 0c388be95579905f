import { cut } from './cut';

const MAX_PROBLEMS = 200;
const MAX_LENGTH = 500;

/** Collects what went wrong, one line each. Bounded, since hostile files can be wrong in any number of ways. */
export class ProblemList {
  private readonly lines: string[] = [];
  private more = 0;

  /** `file` is the name or the path inside of the module that the problem is about. */
  add(file: string, message: string): void {
    if (this.lines.length < MAX_PROBLEMS) this.lines.push(oneLine(`${file}: ${message}`));
    else this.more++;
  }

  toArray(): string[] {
    return this.more === 0 ? [...this.lines] : [...this.lines, `… and ${this.more} more problems`];
  }
}

/** Names and messages hold what somebody else wrote: no line breaks, no escape sequences, no length without end. */
function oneLine(text: string): string {
  return cut(text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ').trim(), MAX_LENGTH);
}
