import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { NotFoundError } from '../common/errors';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { NamespacesService } from '../namespaces';
import { ApiKeysService } from './api-keys.service';
import { ApiKeyResponse, CreatedApiKeyResponse } from './dto/api-key.response';
import { CreateApiKeyRequest } from './dto/create-api-key.request';

@ApiTags('API keys')
@Controller('api/namespaces/:id/api-keys')
export class NamespaceKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly namespaces: NamespacesService,
  ) {}

  /** The keys of a namespace, newest first. */
  @Get()
  @Access('admin', ofParam('namespace'))
  @ApiPage(ApiKeyResponse)
  @ApiProblems(404)
  async list(
    @Param('id') id: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ApiKeyResponse[]> {
    return sendPage(request, response, await this.keys.list(await this.namespaceId(id), query));
  }

  /** Makes a key that reaches this namespace alone. The answer is the only place where it is shown. */
  @Post()
  @Access('admin', ofParam('namespace'))
  @ApiProblems(400, 404)
  async create(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: CreateApiKeyRequest,
  ): Promise<CreatedApiKeyResponse> {
    return this.keys.create(actor, await this.namespaceId(id), body);
  }

  /** Deletes a key; it stops working at once. */
  @Delete(':key_id')
  @HttpCode(204)
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404)
  async delete(@CurrentActor() actor: Actor, @Param('id') id: string, @Param('key_id') keyId: string): Promise<void> {
    return this.keys.delete(actor, await this.namespaceId(id), keyId);
  }

  private async namespaceId(reference: string): Promise<string> {
    const id = await this.namespaces.findId(reference);
    if (id === null) throw new NotFoundError('namespace');
    return id;
  }
}
