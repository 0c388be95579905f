import { Injectable } from '@nestjs/common';
import type { Actor } from './actor';

/** Tells whose token it is; null when it is nobody's, or not any more. */
export type TokenVerifier = (token: string) => Promise<Actor | null>;

/**
 * Where rooms say what else than API keys is accepted by the registry protocol: tokens of the platform's own making,
 * such as those of runs. They open nothing of `/api`.
 */
@Injectable()
export class ScopedTokens {
  private readonly verifiers = new Map<string, TokenVerifier>();

  /** @param prefix what such tokens begin with, such as `plr_` */
  register(prefix: string, verifier: TokenVerifier): void {
    this.verifiers.set(prefix, verifier);
  }

  async verify(token: string): Promise<Actor | null> {
    for (const [prefix, verifier] of this.verifiers) if (token.startsWith(prefix)) return verifier(token);
    return null;
  }
}
