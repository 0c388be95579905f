import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DerivedKeys } from '../crypto/derived-keys';

/** One download, as a link names it. */
export interface ArtifactLink {
  sha256: string;
  /** What the client saves it as; its ending tells terraform how to unpack it. */
  filename: string;
  /** Whose artefact it is, `kind.id`: see `ArtifactSubjects`. */
  subject: string;
}

export type LinkCheck = 'valid' | 'expired' | 'tampered';

/** How long a link works at least. Clients ask for an archive several times (HEAD, GET, again), so it is not one-time. */
const VALID_SECONDS = 600;
/** Links of the same minute are the same, so that answers that hold them can be kept. */
export const LINK_STEP_SECONDS = 60;

/**
 * Links to artefacts that need no key. Clients never send theirs with a download (protocol: neither terraform nor tofu
 * do), so the link itself is the permission: signed, and good for ten minutes.
 */
@Injectable()
export class ArtifactLinks {
  private readonly key: Buffer;

  constructor(keys: DerivedKeys) {
    this.key = keys.for('artifact links');
  }

  /** Path and query of a link: it works under whatever address the client has reached the server. */
  make(link: ArtifactLink, now: Date): string {
    const step = LINK_STEP_SECONDS;
    const expires = Math.ceil(now.getTime() / 1000 / step) * step + VALID_SECONDS;
    const query = new URLSearchParams({
      expires: String(expires),
      for: link.subject,
      signature: this.signatureOf(link, String(expires)).toString('base64url'),
    });
    return `/v1/artifacts/${link.sha256}/${encodeURIComponent(link.filename)}?${query.toString()}`;
  }

  check(link: ArtifactLink, expires: string, signature: string, now: Date): LinkCheck {
    const expected = this.signatureOf(link, expires);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'tampered';
    return Number(expires) * 1000 < now.getTime() ? 'expired' : 'valid';
  }

  private signatureOf({ sha256, filename, subject }: ArtifactLink, expires: string): Buffer {
    return createHmac('sha256', this.key)
      .update(JSON.stringify([sha256, filename, subject, expires]))
      .digest();
  }
}
