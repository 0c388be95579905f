import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { readFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import { ARTIFACT_STORE, type ArtifactStore, type UploadedFile } from '../artifacts';
import { Clock } from '../common/clock';
import { ConflictError, DomainError } from '../common/errors';
import { RegistryAnswers } from '../common/registry/registry-answers.service';
import { type MadeSignature, Signer } from '../signing';
import { buildActive, published } from './domain/providers.errors';
import { parseShasums, renderShasums, shasumsProblem } from './domain/shasums';
import type { ProviderVersionResponse } from './dto/provider-version.response';
import { BuildRepository } from './persistence/build.repository';
import type { ProviderEntity } from './persistence/provider.entity';
import type { ProviderPlatformEntity } from './persistence/provider-platform.entity';
import type { ProviderVersionEntity } from './persistence/provider-version.entity';
import { type Publication, ProviderVersionRepository } from './persistence/provider-version.repository';
import { providerVersionEvent } from './provider-audit';
import { ProviderReader } from './provider-reader.service';
import { ProviderVersions } from './provider-versions.service';

/** A list of checksums is short; a signature is shorter. */
const MAX_SHASUMS_BYTES = 2 ** 20;
const MAX_SIGNATURE_BYTES = 64 * 1024;

/**
 * Publishes versions: the checksums are computed once and signed once, or taken as a release made elsewhere brought
 * them, and both are stored. From then on every client gets the same bytes.
 */
@Injectable()
export class ProviderPublisher {
  constructor(
    private readonly reader: ProviderReader,
    private readonly versions: ProviderVersionRepository,
    private readonly drafts: ProviderVersions,
    private readonly builds: BuildRepository,
    private readonly signer: Signer,
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
    private readonly audit: AuditService,
    private readonly answers: RegistryAnswers,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes the checksums and the signature of a release that was made elsewhere into a draft.
   * @throws DomainError (422) when they are not what clients can read, or no key of the namespace made the signature
   */
  async takeShasums(
    by: string,
    id: string,
    versionId: string,
    files: { shasums: UploadedFile; signature: UploadedFile },
  ): Promise<ProviderVersionResponse> {
    const provider = await this.reader.getEntity(id);
    const version = await this.reader.getVersion(provider, versionId);
    if (version.status !== 'draft') throw published(version.version);
    const shasums = await readBounded(files.shasums, MAX_SHASUMS_BYTES, 'SHA256SUMS');
    const parsed = parseShasums(shasums);
    if ('problem' in parsed) throw unusable(`SHA256SUMS cannot be used: ${parsed.problem}.`);
    const signature = await readBounded(files.signature, MAX_SIGNATURE_BYTES, 'The signature');
    const made = await this.signer.findSigner(provider.namespaceId, shasums, signature);
    if (!made) {
      throw unusable(
        'The signature is not one that a key of this namespace made over exactly this SHA256SUMS. Add the public key first (POST /api/namespaces/:id/signing-keys with public_key).',
      );
    }
    const changes = await this.storeSigned(shasums, made);
    const event = providerVersionEvent(by, 'shasums', provider, version, { signing_key_id: made.signingKeyId });
    await this.audit.perform(event, async (transaction) => {
      await this.assertKeyIsGood(made.signingKeyId);
      if (!(await this.versions.updateDraft(transaction, version.id, changes))) throw published(version.version);
    });
    return (await this.reader.respondVersions([{ ...version, ...changes }]))[0]!;
  }

  /**
   * Publishes a draft. Of any number of publications at once one wins; what it signed is what was in the draft.
   * @throws ConflictError when it is published, is being built, has no platform, or was changed meanwhile
   */
  async publish(by: string, id: string, versionId: string): Promise<ProviderVersionResponse> {
    const provider = await this.reader.getEntity(id);
    const version = await this.reader.getVersion(provider, versionId);
    if (version.status !== 'draft') throw published(version.version);
    if (await this.builds.findActiveOf(version.id)) throw buildActive();
    const platforms = await this.versions.findPlatforms([version.id]);
    if (platforms.length === 0) {
      throw new ConflictError('version-empty', 'The version has no platform yet: upload packages, or build it.');
    }
    const publication = await this.prepare(provider, version, platforms);
    const event = providerVersionEvent(by, 'publish', provider, version, {
      platforms: platforms.map(({ os, arch }) => `${os}_${arch}`),
      shasums_sha256: publication.shasumsSha256,
      signing_key_id: publication.signingKeyId,
    });
    await this.audit.perform(event, async (transaction) => {
      await this.assertUnchanged(version, platforms);
      await this.assertKeyIsGood(publication.signingKeyId);
      const changes = { status: 'published' as const, ...publication };
      if (!(await this.versions.updateDraft(transaction, version.id, changes))) throw published(version.version);
      await this.drafts.refreshLatest(transaction, provider.id);
    });
    this.answers.forget(provider.namespaceId);
    return (await this.reader.respondVersions([{ ...version, status: 'published', ...publication }]))[0]!;
  }

  private async prepare(
    provider: ProviderEntity,
    version: ProviderVersionEntity,
    platforms: ProviderPlatformEntity[],
  ): Promise<Publication> {
    const publishedAt = this.clock.timestamp();
    const { shasumsSha256, signatureSha256, signingKeyId } = version;
    if (shasumsSha256 !== null && signatureSha256 !== null && signingKeyId !== null) {
      const parsed = parseShasums(await buffer(await this.store.get(shasumsSha256)));
      const problem = 'problem' in parsed ? parsed.problem : shasumsProblem(parsed.lines, platforms);
      if (problem !== null) throw unusable(`The version cannot be published: ${problem}.`);
      if ((await this.signer.findClientKey(signingKeyId))?.isRevoked) {
        throw unusable('The key that signed SHA256SUMS is revoked, so clients would refuse the version. Sign it anew.');
      }
      return { shasumsSha256, signatureSha256, signingKeyId, publishedAt };
    }
    const shasums = renderShasums(platforms);
    const made = await this.signer.sign(provider.namespaceId, shasums);
    return { ...(await this.storeSigned(shasums, made)), publishedAt };
  }

  private async storeSigned(shasums: Buffer, made: MadeSignature): Promise<Omit<Publication, 'publishedAt'>> {
    const { sha256: shasumsSha256 } = await this.store.put(Readable.from([shasums]));
    const { sha256: signatureSha256 } = await this.store.put(Readable.from([made.signature]));
    return { shasumsSha256, signatureSha256, signingKeyId: made.signingKeyId };
  }

  /** Inside the unit: the key that signed was neither deleted nor revoked meanwhile. */
  private async assertKeyIsGood(signingKeyId: string | null): Promise<void> {
    const key = signingKeyId === null ? null : await this.signer.findClientKey(signingKeyId);
    if (key && !key.isRevoked) return;
    throw new ConflictError(
      'version-changed',
      'The key that the version was being signed with was deleted or revoked meanwhile. Try again with the key that is active now.',
    );
  }

  /** Inside the unit: what is published is what was signed, and nothing is being added to it. */
  private async assertUnchanged(version: ProviderVersionEntity, platforms: ProviderPlatformEntity[]): Promise<void> {
    const current = await this.versions.findById(version.id);
    const now = await this.versions.findPlatforms([version.id]);
    const ids = (rows: ProviderPlatformEntity[]): string => rows.map(({ id }) => id).join();
    if (current?.status === 'published') throw published(version.version);
    if (ids(now) !== ids(platforms) || current?.shasumsSha256 !== version.shasumsSha256) {
      throw new ConflictError('version-changed', 'The version was changed while it was published. Publish it again.');
    }
    if (await this.builds.findActiveOf(version.id)) throw buildActive();
  }
}

async function readBounded(file: UploadedFile, maxBytes: number, what: string): Promise<Buffer> {
  if (file.sizeBytes > maxBytes) throw unusable(`${what} is larger than ${maxBytes / 1024} KiB.`);
  return readFile(file.path);
}

function unusable(message: string): DomainError {
  return new DomainError('unprocessable', 'shasums-unusable', message);
}
