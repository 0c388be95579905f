import { DomainError } from '../common/errors';
import { shownName } from './shown-name';

/** An archive, or a tree to be packed, that breaks a rule; the message says which one, and names the entry. */
export class ArchiveRefusedError extends DomainError {
  constructor(message: string, options?: { cause: unknown }) {
    super('invalid', 'archive-refused', message);
    if (options) this.cause = options.cause;
  }
}

/** The refusal of one entry. @param fault the rest of the sentence, without its full stop */
export function entryRefused(name: string, fault: string): ArchiveRefusedError {
  return new ArchiveRefusedError(`The entry ${shownName(name)} ${fault}.`);
}

/** What decompression reports becomes a refusal; every other error (disk full, abort) is given back as it is. */
export function asRefusal(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string' || !code.startsWith('Z_')) return error;
  return new ArchiveRefusedError('The archive is truncated or damaged; upload it again.', { cause: error });
}
