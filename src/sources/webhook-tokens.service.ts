import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PublicAddress } from '../common/http/public-address';
import { SecretBox } from '../crypto/secret-box';

/** What is stored of a webhook's token: a hash to find it by, and the token itself, sealed, to show it again. */
export interface StoredWebhookToken {
  webhookHash: string;
  webhookToken: string;
}

/** The secret parts of webhook addresses. Whoever knows one can have the tags looked at, and nothing else. */
@Injectable()
export class WebhookTokens {
  constructor(
    private readonly box: SecretBox,
    private readonly address: PublicAddress,
  ) {}

  /** A fresh token, 160 bits. */
  make(owner: string, id: string): StoredWebhookToken {
    const token = randomBytes(20).toString('hex');
    return { webhookHash: hashToken(token), webhookToken: this.box.seal(token, contextOf(owner, id)) };
  }

  /** The address to give to the Git server; null while there is none. */
  urlOf(owner: string, id: string, sealed: string | null): string | null {
    return sealed === null ? null : `${this.address.url}/api/hooks/git/${this.box.open(sealed, contextOf(owner, id))}`;
  }
}

/** SHA-256 in hex. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function contextOf(owner: string, id: string): string {
  return `${owner}:${id}:webhook`;
}
