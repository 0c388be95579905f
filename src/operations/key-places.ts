import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import { renameDurably, syncFolder, writeDurably } from './durable-files';
import { keyFileOf, keyText, readKeyFile } from './key-file';
import { OperationRefusedError } from './operation-refused.error';
import { countSecrets, countStates } from './secret-check';
import type { SqliteFile } from './sqlite-file';

/**
 * What the key file holds while old and new key change places: not a key, so that a server that is started in between
 * refuses instead of storing secrets with the wrong one.
 */
const INTERRUPTED = 'The rotation of this key was interrupted. Run it again: npm run rotate-key\n';

/** The key that everything is sealed with, and the one that takes its place. */
export interface Keys {
  present: Buffer;
  next: Buffer;
}

/** Where the key is kept, and how the new one takes the place of the old one. */
export interface KeyPlace {
  readonly isFile: boolean;
  /** Null when an earlier rotation had only to be finished, and is. */
  prepare(database: SqliteFile, next: Buffer | null): Promise<Keys | null>;
  /** From here on a server cannot start by mistake. */
  lock(): Promise<void>;
  switch(): Promise<void>;
  forgetOld(): Promise<void>;
}

/** A key that whoever starts the server gives it. */
export class GivenKey implements KeyPlace {
  readonly isFile = false;

  constructor(
    private readonly present: Buffer,
    private readonly next: Buffer | null,
    private readonly dataDir: string,
  ) {}

  async prepare(database: SqliteFile): Promise<Keys | null> {
    const { present, next } = this;
    if (next === null) {
      throw new OperationRefusedError(
        'The key comes from ENCRYPTION_KEY. Give the new one as NEW_ENCRYPTION_KEY or NEW_ENCRYPTION_KEY_FILE; make one with: openssl rand -base64 32',
      );
    }
    refuseSame(present, next);
    return (await opensWith(database, next, this.dataDir)) === 'all' ? null : { present, next };
  }

  async lock(): Promise<void> {}
  async switch(): Promise<void> {}
  async forgetOld(): Promise<void> {}
}

/** The key file of DATA_DIR: `encryption.key`, and beside it `.next` and `.old` during a rotation. */
export class KeyFile implements KeyPlace {
  readonly isFile = true;
  private readonly file: string;
  private readonly next: string;
  private readonly old: string;

  constructor(private readonly dataDir: string) {
    this.file = keyFileOf(dataDir);
    this.next = `${this.file}.next`;
    this.old = `${this.file}.old`;
  }

  async prepare(database: SqliteFile, given: Buffer | null): Promise<Keys | null> {
    if (await this.finishInterrupted(database)) return null;
    const present = readKeyFile(this.file);
    if (present === null) {
      throw new OperationRefusedError('The key file encryption.key in DATA_DIR is missing or damaged. Restore it.');
    }
    const next = given ?? readKeyFile(this.next) ?? randomBytes(32);
    refuseSame(present, next);
    await writeDurably(this.next, keyText(next));
    await rm(this.old, { force: true });
    await link(this.file, this.old);
    await syncFolder(this.dataDir);
    return { present, next };
  }

  async lock(): Promise<void> {
    await writeDurably(this.file, INTERRUPTED);
  }

  async switch(): Promise<void> {
    await renameDurably(this.next, this.file);
  }

  async forgetOld(): Promise<void> {
    await rm(this.old, { force: true });
    await syncFolder(this.dataDir);
  }

  /**
   * Killed around its commit: the database says whether that was made. True when the new key is in place now; when it
   * is not, the old one is again, and the rotation can begin anew.
   */
  private async finishInterrupted(database: SqliteFile): Promise<boolean> {
    if (readKeyFile(this.file) !== null) {
      // Killed between the switch and the end: only the old key is left to remove.
      const isSwitched = existsSync(this.old) && !existsSync(this.next);
      if (isSwitched) await this.forgetOld();
      return isSwitched;
    }
    const [old, next] = [readKeyFile(this.old), readKeyFile(this.next)];
    if (old === null || next === null) return false;
    if (['all', 'empty'].includes(await opensWith(database, next, this.dataDir))) {
      await this.switch();
      await this.forgetOld();
      return true;
    }
    if ((await opensWith(database, old, this.dataDir)) === 'none') {
      throw new OperationRefusedError(
        'Neither encryption.key.old nor encryption.key.next opens the secrets of the database. Restore a backup.',
      );
    }
    await writeDurably(this.file, keyText(old));
    return false;
  }
}

function refuseSame(present: Buffer, next: Buffer): void {
  if (present.equals(next)) throw new OperationRefusedError('NEW_ENCRYPTION_KEY is the present key.');
}

/** What a key opens of the database. `empty`: there is nothing to open. */
async function opensWith(
  database: SqliteFile,
  key: Buffer,
  dataDir: string,
): Promise<'all' | 'some' | 'none' | 'empty'> {
  const secrets = await countSecrets(database, key);
  const states = await countStates(database, key, dataDir, 50);
  const readable = secrets.readable + states.readable;
  const unreadable = secrets.unreadable.length + states.unreadable.length;
  if (unreadable === 0) return readable > 0 ? 'all' : 'empty';
  return readable > 0 ? 'some' : 'none';
}
