import { Controller, Get, Inject, Logger, Param, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Public } from '../common/access/access.decorator';
import { Clock } from '../common/clock';
import { DomainError, NotFoundError } from '../common/errors';
import { parseByteRange } from '../common/http/byte-range';
import { ApiProblems } from '../common/http/problem.decorator';
import { RegistryConfig } from '../config/config';
import { ArtifactLinks } from './artifact-links.service';
import { ARTIFACT_STORE, type ArtifactStore } from './artifact-store.port';
import { ArtifactSubjects } from './artifact-subjects';
import { parseLinkQuery } from './domain/link-query';

const CONTENT_TYPES: [ending: RegExp, type: string][] = [
  [/\.tar\.gz$/, 'application/gzip'],
  [/\.zip$/, 'application/zip'],
  [/SHA256SUMS$/, 'text/plain; charset=utf-8'],
];

@ApiTags('Registry protocol')
@Controller('v1/artifacts')
export class ArtifactsController {
  private readonly logger = new Logger(ArtifactsController.name);

  constructor(
    private readonly links: ArtifactLinks,
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
    private readonly subjects: ArtifactSubjects,
    private readonly config: RegistryConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * A stored file, by a link that the registry gave: a module's archive, a provider's package, its checksums or their
   * signature. The link needs no key and works for ten minutes. `HEAD` and byte ranges are served.
   */
  @Get(':sha256/:filename')
  @Public()
  @ApiQuery({ name: 'expires', type: String, description: 'Until when the link works, in seconds since 1970' })
  @ApiQuery({ name: 'for', type: String, description: 'Whose file it is' })
  @ApiQuery({ name: 'signature', type: String })
  @ApiHeader({ name: 'Range', required: false, description: '`bytes=FROM-TO`' })
  @ApiProduces('application/octet-stream')
  @ApiResponse({
    status: 200,
    description: 'The file',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiResponse({
    status: 206,
    description: 'The range',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiProblems(403, 404, 416)
  async download(
    @Param('sha256') sha256: string,
    @Param('filename') filename: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const query = parseLinkQuery(request.query);
    const subject = query?.subject ?? '';
    const check = query
      ? this.links.check({ sha256, filename, subject }, query.expires, query.signature, this.clock.now())
      : 'tampered';
    if (check !== 'valid') {
      throw new DomainError(
        'forbidden',
        'link-not-valid',
        check === 'expired'
          ? 'This download link has expired. Ask the registry for a new one (run init again).'
          : 'This download link is not one that this server made.',
      );
    }
    const [kind = '', id = ''] = subject.split('.');
    const found = this.subjects.find(kind);
    if (!found || !(await found.isServed(id))) throw new NotFoundError('version, or it is disabled');
    const stored = await this.store.stat(sha256);
    if (!stored) {
      this.logger.error({ event: 'artifact_missing', sha256, subject });
      throw new NotFoundError('file in the store; tell the operator of this server');
    }
    response.set({
      'Content-Type': CONTENT_TYPES.find(([ending]) => ending.test(filename))?.[1] ?? 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${filename.replace(/[^\w.+-]/g, '_')}"`,
      'Cache-Control': 'private, max-age=600, immutable',
      'Accept-Ranges': 'bytes',
      ETag: `"${sha256}"`,
    });
    if (request.fresh) {
      response.status(304).end();
      return;
    }
    const size = stored.sizeBytes;
    const range = request.header('if-range') === undefined ? parseByteRange(request.header('range'), size) : null;
    if (range === 'unsatisfiable') {
      response.set('Content-Range', `bytes */${size}`);
      throw new DomainError(
        'range',
        'range-not-satisfiable',
        `The file has ${size} bytes; the range begins after them.`,
      );
    }
    const { from, to } = range ?? { from: 0, to: size };
    if (range) response.status(206).set('Content-Range', `bytes ${from}-${to - 1}/${size}`);
    response.set('Content-Length', String(to - from));
    if (request.method === 'HEAD' || to === from) {
      response.end();
      return;
    }
    if (from === 0) found.countDownload(id);
    // Who asks and does not read would keep a file open, and memory, for ever.
    response.setTimeout(this.config.downloadIdleSeconds * 1000, () => response.destroy());
    try {
      await this.store.sendTo(sha256, response, { from, to });
      response.end();
    } catch (error) {
      // A client that goes away is no error.
      if (!response.destroyed) throw error;
    }
  }
}
