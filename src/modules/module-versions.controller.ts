import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Upload, type UploadedFile, UploadedPart } from '../artifacts';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiBodies } from '../common/http/bodies.decorator';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import {
  CreateModuleVersionRequest,
  UpdateModuleVersionRequest,
  UploadModuleVersionRequest,
} from './dto/module-version.request';
import { ModuleVersionResponse } from './dto/module-version.response';
import { ModulePublishing } from './module-publishing.service';
import { ModuleReader } from './module-reader.service';
import { ModuleVersions } from './module-versions.service';

@ApiTags('Modules')
@Controller('api/modules/:id/versions')
export class ModuleVersionsController {
  constructor(
    private readonly reader: ModuleReader,
    private readonly versions: ModuleVersions,
    private readonly publishing: ModulePublishing,
  ) {}

  /** The versions of a module, highest first. */
  @Get()
  @Access('read', ofParam('module'))
  @ApiPage(ModuleVersionResponse)
  @ApiProblems(404)
  async list(
    @Param('id') id: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ModuleVersionResponse[]> {
    return sendPage(request, response, await this.reader.listVersions(id, query));
  }

  /**
   * Publishes a version: as JSON the tag of the repository that stands for it, as `multipart/form-data` an archive
   * (`.tar.gz` or `.zip`; one folder around everything is taken off). From here on its content never changes.
   */
  @Post()
  @Access('write', ofParam('module'))
  @Upload(['file'], { isOptional: true })
  @ApiBodies({ 'application/json': CreateModuleVersionRequest, 'multipart/form-data': UploadModuleVersionRequest })
  @ApiProblems(404, 409, 422, 503)
  create(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: CreateModuleVersionRequest,
    @UploadedPart('file') file: UploadedFile | undefined,
  ): Promise<ModuleVersionResponse> {
    return file
      ? this.versions.upload(actor, id, body.version, file)
      : this.publishing.publishByName(actor, id, body.version);
  }

  /** Switches a version on or off, or marks it as deprecated. */
  @Patch(':version_id')
  @Access('write', ofParam('module'))
  @ApiProblems(404)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Body() body: UpdateModuleVersionRequest,
  ): Promise<ModuleVersionResponse> {
    return this.versions.update(actor, id, versionId, body);
  }

  /** Deletes a version for good. Its tag is passed over from now on, unless it is published by name. */
  @Delete(':version_id')
  @HttpCode(204)
  @Access('write', ofParam('module'))
  @ApiProblems(404)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string, @Param('version_id') versionId: string): Promise<void> {
    return this.versions.delete(actor, id, versionId);
  }
}
