import { StringDecoder } from 'node:string_decoder';
import { maskText, SecretPatterns } from '../common/secrets/secret-masker';
import type { GitCredentials } from './git.port';

/** A line that grows longer is emitted in parts; the last bit is kept back, longer than any credential in it. */
const MAX_LINE_LENGTH = 32_768;
const KEPT_BACK = 16_384;

/** Takes credentials, user information in URLs and paths of the host out of a text. */
export type Scrubber = (text: string) => string;

function secretsOf({ username, password, sshKey }: GitCredentials): string[] {
  const secrets = sshKey ? [sshKey] : [];
  if (password) secrets.push(password, `${username ?? 'git'}:${password}`);
  // A token is sometimes given as the user name, without a password.
  else if (username) secrets.push(username);
  return secrets;
}

/**
 * Makes the function that cleans whatever git says before anyone sees it.
 * @param paths of the host that appear in git's messages; shown as `…`
 */
export function createScrubber(credentials: GitCredentials, paths: readonly string[]): Scrubber {
  const hidden = [...paths].sort((a, b) => b.length - a.length);
  // Made when it is needed: most operations show nothing, and it takes longer than starting git.
  let patterns: SecretPatterns | undefined;
  return (text) => {
    patterns ??= new SecretPatterns(secretsOf(credentials));
    let clean = maskText(patterns, text);
    for (const path of hidden) clean = clean.replaceAll(path, '…');
    return clean.replace(/(\w:\/\/)[^\s/@'"]*@/g, '$1');
  };
}

/** Cleans a stream of bytes line by line, so that nothing slips through at the border of two chunks. */
export class LineScrubber {
  private readonly decoder = new StringDecoder('utf8');
  private pending = '';

  constructor(
    private readonly scrub: Scrubber,
    private readonly emit: (text: string) => void,
  ) {}

  /** Takes a chunk; emits all lines that are complete (`\n`, or `\r` as progress uses it). */
  push(chunk: Buffer): void {
    this.pending += this.decoder.write(chunk);
    const end = Math.max(this.pending.lastIndexOf('\n'), this.pending.lastIndexOf('\r')) + 1;
    if (end > 0) this.release(end);
    if (this.pending.length > MAX_LINE_LENGTH) this.release(this.pending.length - KEPT_BACK);
  }

  /** Emits what is left when the stream has ended. */
  flush(): void {
    this.pending += this.decoder.end();
    if (this.pending !== '') this.release(this.pending.length);
  }

  private release(end: number): void {
    const text = this.pending.slice(0, end);
    this.pending = this.pending.slice(end);
    this.emit(this.scrub(text));
  }
}
