import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Upload, type UploadedFile, UploadedPart } from '../artifacts';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import {
  CreateProviderVersionRequest,
  UpdateProviderVersionRequest,
  UploadPlatformForm,
  UploadPlatformRequest,
  UploadShasumsForm,
} from './dto/provider-version.request';
import { ProviderPlatformResponse, ProviderVersionResponse } from './dto/provider-version.response';
import { ProviderDrafts } from './provider-drafts.service';
import { ProviderPublisher } from './provider-publisher.service';
import { ProviderReader } from './provider-reader.service';
import { ProviderVersions } from './provider-versions.service';

@ApiTags('Providers')
@Controller('api/providers/:id/versions')
export class ProviderVersionsController {
  constructor(
    private readonly reader: ProviderReader,
    private readonly versions: ProviderVersions,
    private readonly drafts: ProviderDrafts,
    private readonly publisher: ProviderPublisher,
  ) {}

  /** The versions of a provider, drafts too, highest first. */
  @Get()
  @Access('read', ofParam('provider'))
  @ApiPage(ProviderVersionResponse)
  @ApiProblems(404)
  async list(
    @Param('id') id: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ProviderVersionResponse[]> {
    return sendPage(request, response, await this.reader.listVersions(id, query));
  }

  /**
   * Makes a draft: add platforms, then publish it. Where the repository has a tag for the version, it is a draft of that
   * tag, and can be built.
   */
  @Post()
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409, 422, 503)
  create(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: CreateProviderVersionRequest,
  ): Promise<ProviderVersionResponse> {
    return this.drafts.create(actor, id, body);
  }

  /** Switches a version on or off, or marks it as deprecated, which clients show as a warning. */
  @Patch(':version_id')
  @Access('write', ofParam('provider'))
  @ApiProblems(404)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Body() body: UpdateProviderVersionRequest,
  ): Promise<ProviderVersionResponse> {
    return this.versions.update(actor, id, versionId, body);
  }

  /** Deletes a version for good; refused while it is being built. */
  @Delete(':version_id')
  @HttpCode(204)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string, @Param('version_id') versionId: string): Promise<void> {
    return this.versions.delete(actor, id, versionId);
  }

  /**
   * Takes `SHA256SUMS` and its signature of a release that was made elsewhere (goreleaser). The signature must be one of
   * a key of the namespace; the packages must be those of the list when the version is published.
   */
  @Post(':version_id/shasums')
  @HttpCode(200)
  @Access('write', ofParam('provider'))
  @Upload(['shasums', 'signature'])
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: UploadShasumsForm })
  @ApiProblems(404, 409, 422)
  shasums(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @UploadedPart('shasums') shasums: UploadedFile,
    @UploadedPart('signature') signature: UploadedFile,
  ): Promise<ProviderVersionResponse> {
    return this.publisher.takeShasums(actor.label, id, versionId, { shasums, signature });
  }

  /** The packages of a version. */
  @Get(':version_id/platforms')
  @Access('read', ofParam('provider'))
  @ApiProblems(404)
  platforms(@Param('id') id: string, @Param('version_id') versionId: string): Promise<ProviderPlatformResponse[]> {
    return this.reader.listPlatforms(id, versionId);
  }

  /**
   * Adds the package of one platform to a draft: a zip with the executable `terraform-provider-NAME_vVERSION` at its root
   * (`.exe` for Windows).
   */
  @Post(':version_id/platforms/upload')
  @Access('write', ofParam('provider'))
  @Upload(['file'])
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: UploadPlatformForm })
  @ApiProblems(404, 409)
  upload(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Body() body: UploadPlatformRequest,
    @UploadedPart('file') file: UploadedFile,
  ): Promise<ProviderPlatformResponse> {
    return this.versions.upload(actor, id, versionId, body, file);
  }

  /** Takes a package out of a draft. */
  @Delete(':version_id/platforms/:platform_id')
  @HttpCode(204)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409)
  removePlatform(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Param('platform_id') platformId: string,
  ): Promise<void> {
    return this.versions.removePlatform(actor, id, versionId, platformId);
  }

  /** Publishes a draft: its checksums are signed once, and from here on nothing of it changes. */
  @Post(':version_id/publish')
  @HttpCode(200)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409, 422)
  publish(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
  ): Promise<ProviderVersionResponse> {
    return this.publisher.publish(actor.label, id, versionId);
  }
}
