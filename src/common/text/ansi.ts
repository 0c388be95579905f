/** A longer one is no sequence but text after a stray introducer: it is shown, and memory stays bounded. */
const MAX_SEQUENCE_LENGTH = 4096;

const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const ESC = 0x1b;
const BACKSLASH = 0x5c;
/** Ends a control string, as `ESC \` does. */
const ST = 0x9c;
/** A character of C1 stands for ESC and the character this much below. */
const C1_OFFSET = 0x40;

type State = 'text' | 'escape' | 'intermediate' | 'control' | 'string' | 'string-escape';

/** What the character after ESC begins, where that is more than a sequence of its own. */
const BEGINNINGS: ReadonlyMap<number, State> = new Map<number, State>([
  [0x5b, 'control'], // CSI: colours, movements
  [0x5d, 'string'], // OSC: titles, links, clipboard
  [0x50, 'string'], // DCS
  [0x58, 'string'], // SOS
  [0x5e, 'string'], // PM
  [0x5f, 'string'], // APC
]);

/**
 * Takes ANSI/VT escape sequences out of a text that comes in chunks; the result does not depend on the chunks. Other
 * control characters stay. A title, link or other string that is not ended before the end of its line is shown, so
 * that a stray introducer cannot hide what follows it.
 *
 * `util.stripVTControlCharacters` does not do here: it takes `ESC [ 3` for a whole sequence, which makes the result
 * depend on the chunks, and it leaves most of a title or link with a blank in it.
 */
export class AnsiStripper {
  private state: State = 'text';
  /** The parameters or the string of an unfinished sequence. */
  private held = '';

  /** Takes the next piece of text and returns what of it is to be shown. */
  push(text: string): string {
    let output = '';
    let position = 0;
    while (position < text.length) {
      if (this.state === 'text') {
        const next = indexOfIntroducer(text, position);
        output += text.slice(position, next);
        if (next < text.length) this.begin(text.charCodeAt(next));
        position = next + 1;
      } else {
        const isTaken = this.take(text.charCodeAt(position));
        if (isTaken) position++;
        if (!isTaken || this.held.length > MAX_SEQUENCE_LENGTH) output += this.breakOff();
      }
    }
    return output;
  }

  /** Ends the text; a string that was not ended is shown. */
  flush(): string {
    const rest = this.breakOff();
    this.state = 'text';
    return rest;
  }

  private begin(code: number): void {
    this.state = code === ESC ? 'escape' : (BEGINNINGS.get(code - C1_OFFSET) ?? 'text');
  }

  /** Goes on by one character; false when it cannot be part of the sequence. */
  private take(code: number): boolean {
    if (code === CAN || code === SUB) return this.end();
    switch (this.state) {
      case 'escape': {
        const beginning = BEGINNINGS.get(code);
        if (beginning === undefined) return this.takeUntilFinal(code, 'intermediate', 0x20, 0x2f);
        this.state = beginning;
        return true;
      }
      case 'intermediate':
        return this.takeUntilFinal(code, 'intermediate', 0x20, 0x2f);
      case 'control':
        return this.takeUntilFinal(code, 'control', 0x20, 0x3f);
      case 'string':
        if (code === BEL || code === ST) return this.end();
        if (code === ESC) this.state = 'string-escape';
        else if (isControl(code)) return false;
        else this.held += String.fromCharCode(code);
        return true;
      case 'string-escape':
        return code === BACKSLASH && this.end();
      case 'text':
        return false;
    }
  }

  /** Characters between the two bounds go on with the sequence, the other printable ones of ASCII end it. */
  private takeUntilFinal(code: number, state: State, from: number, to: number): boolean {
    if (code < from || code > 0x7e) return false;
    if (code > to) return this.end();
    this.state = state;
    this.held += String.fromCharCode(code);
    return true;
  }

  private end(): true {
    this.state = 'text';
    this.held = '';
    return true;
  }

  /** Gives up the sequence. Parameters are worth nothing without it, unless they are so many that they are text. */
  private breakOff(): string {
    const isString = this.state === 'string' || this.state === 'string-escape';
    const shown = isString || this.held.length > MAX_SEQUENCE_LENGTH ? this.held : '';
    // An ESC in a string that does not end it begins a sequence of its own.
    this.state = this.state === 'string-escape' ? 'escape' : 'text';
    this.held = '';
    return shown;
  }
}

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

function indexOfIntroducer(text: string, from: number): number {
  for (let position = from; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === ESC || (code >= 0x90 && code <= 0x9f && BEGINNINGS.has(code - C1_OFFSET))) return position;
  }
  return text.length;
}
