import { DerivedKeys } from '../crypto/derived-keys';
import { openState, sealState } from './sealed-state';

/** The key of states, out of the platform's encryption key. */
export function stateKeyOf(keys: DerivedKeys): Buffer {
  return keys.for('states');
}

/** Seals and opens whole states, for work beside the server, such as a rotation of the key. */
export class StateCipher {
  private readonly key: Buffer;

  constructor(keys: DerivedKeys) {
    this.key = stateKeyOf(keys);
  }

  async seal(state: Buffer, context: string): Promise<Buffer> {
    return Buffer.concat(await sealState(this.key, state, context));
  }

  /** @throws SecretUnreadableError */
  open(sealed: Buffer, context: string): Promise<Buffer> {
    return openState(this.key, [sealed], context);
  }
}
