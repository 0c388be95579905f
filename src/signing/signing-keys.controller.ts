import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { CreateSigningKeyRequest } from './dto/create-signing-key.request';
import { SigningKeyResponse } from './dto/signing-key.response';
import { SigningKeys } from './signing-keys.service';

@ApiTags('Signing')
@Controller('api/namespaces/:id/signing-keys')
export class SigningKeysController {
  constructor(private readonly keys: SigningKeys) {}

  /** The signing keys of a namespace, newest first, without their private parts. */
  @Get()
  @Access('read', ofParam('namespace'))
  @ApiPage(SigningKeyResponse)
  @ApiProblems(404)
  async list(
    @Param('id') namespace: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SigningKeyResponse[]> {
    return sendPage(request, response, await this.keys.list(namespace, query));
  }

  /**
   * Adds a key: generated (`{}`), imported (`private_key`), or known by its public part alone (`public_key`). A generated
   * or imported one signs from now on. Versions that are published keep their signature.
   */
  @Post()
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404, 409)
  create(
    @CurrentActor() actor: Actor,
    @Param('id') namespace: string,
    @Body() body: CreateSigningKeyRequest,
  ): Promise<SigningKeyResponse> {
    return this.keys.create(actor, namespace, body);
  }

  /** Signs new versions with this key from now on. */
  @Post(':key_id/activate')
  @HttpCode(200)
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404, 409)
  activate(
    @CurrentActor() actor: Actor,
    @Param('id') namespace: string,
    @Param('key_id') keyId: string,
  ): Promise<SigningKeyResponse> {
    return this.keys.activate(actor, namespace, keyId);
  }

  /** Deletes a key that no version is signed with. */
  @Delete(':key_id')
  @HttpCode(204)
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('id') namespace: string, @Param('key_id') keyId: string): Promise<void> {
    return this.keys.delete(actor, namespace, keyId);
  }
}
