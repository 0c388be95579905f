import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Public } from '../common/access/access.decorator';
import { DomainError, NotFoundError } from '../common/errors';
import { ApiProblems } from '../common/http/problem.decorator';
import { mayBringTags, parsePushEvent } from './domain/push-event';
import { WebhookAcceptedResponse } from './dto/webhook.response';
import { TagSync } from './tag-sync.service';
import { hashToken } from './webhook-tokens.service';

/** What is looked at of a payload; a larger one counts as one that may bring tags. */
const MAX_PAYLOAD_BYTES = 2 ** 20;
const TOKEN = /^[0-9a-f]{40}$/;

@ApiTags('Webhooks')
@Controller('api/hooks')
export class WebhooksController {
  constructor(private readonly sync: TagSync) {}

  /**
   * Takes push events of GitHub, GitLab, Gitea and Bitbucket. The token is that of a module or provider, whose tags are
   * looked at soon; a push of branches alone changes nothing.
   */
  @Post('git/:token')
  @HttpCode(202)
  @Public()
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiBody({ description: 'The push event, as the Git server sends it', schema: { type: 'object' }, required: false })
  @ApiProblems(404)
  async push(@Param('token') token: string, @Req() request: Request): Promise<WebhookAcceptedResponse> {
    if (!TOKEN.test(token)) throw new NotFoundError('webhook');
    const body = await readStart(request);
    const mustLook = mayBringTags(body === null ? null : parsePushEvent(body));
    if (!(await this.sync.requestByWebhook(hashToken(token), mustLook))) throw new NotFoundError('webhook');
    return { accepted: mustLook };
  }
}

/** The body as text; null when it is longer than anybody needs to read. The rest is dropped. */
async function readStart(request: Request): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_PAYLOAD_BYTES) chunks.push(chunk);
      // GitHub's own limit is 25 MB; nobody needs to send more.
      else if (size > 32 * MAX_PAYLOAD_BYTES) return null;
    }
  } catch {
    throw new DomainError('invalid', 'bad-request', 'The body ended before its announced length.');
  }
  return size > MAX_PAYLOAD_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}
