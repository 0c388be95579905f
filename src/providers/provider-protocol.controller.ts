import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ofRegistry } from '../common/access/access.decorator';
import { ApiProblems } from '../common/http/problem.decorator';
import { sendAnswer } from '../common/registry/registry-answer';
import { RegistryPackageResponse, RegistryProviderVersionsResponse } from './dto/registry-providers.response';
import { ProviderRegistry } from './provider-registry.service';

/** The provider registry protocol, as terraform and tofu speak it. */
@ApiTags('Registry protocol')
@Controller('v1/providers/:namespace/:name')
export class ProviderProtocolController {
  constructor(private readonly registry: ProviderRegistry) {}

  /** The versions of a provider that clients may use. A public namespace needs no key. */
  @Get('versions')
  @Access('read', ofRegistry())
  @ApiOkResponse({ type: RegistryProviderVersionsResponse })
  @ApiProblems(404)
  async versions(
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    sendAnswer(response, await this.registry.listVersions(request.path, { namespace, name }));
  }

  /** The package of a version for one platform, its checksum, and the key that signed it. */
  @Get(':version/download/:os/:arch')
  @Access('read', ofRegistry())
  @ApiOkResponse({ type: RegistryPackageResponse })
  @ApiProblems(404)
  async download(
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('version') version: string,
    @Param('os') os: string,
    @Param('arch') arch: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    sendAnswer(response, await this.registry.describePackage(request.path, { namespace, name }, version, { os, arch }));
  }
}
