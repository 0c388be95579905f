import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ANY_KEY, CurrentActor, PLATFORM } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { ApiKeysService } from './api-keys.service';
import { ApiKeyResponse, CreatedApiKeyResponse } from './dto/api-key.response';
import { CreateApiKeyRequest } from './dto/create-api-key.request';

@ApiTags('API keys')
@Controller('api')
export class PlatformKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  /** The key in use, without its secret. */
  @Get('whoami')
  @Access('read', ANY_KEY)
  whoami(@CurrentActor() actor: Actor): Promise<ApiKeyResponse> {
    return this.keys.whoami(actor);
  }

  /** The platform keys, newest first. */
  @Get('api-keys')
  @Access('admin', PLATFORM)
  @ApiPage(ApiKeyResponse)
  async list(
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ApiKeyResponse[]> {
    return sendPage(request, response, await this.keys.list(null, query));
  }

  /** Makes a platform key. The answer is the only place where it is shown. */
  @Post('api-keys')
  @Access('admin', PLATFORM)
  @ApiProblems(400)
  create(@CurrentActor() actor: Actor, @Body() body: CreateApiKeyRequest): Promise<CreatedApiKeyResponse> {
    return this.keys.create(actor, null, body);
  }

  /** Deletes a platform key; it stops working at once. */
  @Delete('api-keys/:key_id')
  @HttpCode(204)
  @Access('admin', PLATFORM)
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('key_id') keyId: string): Promise<void> {
    return this.keys.delete(actor, null, keyId);
  }
}
