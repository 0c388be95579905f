import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ofRegistry } from '../common/access/access.decorator';
import { ApiProblems } from '../common/http/problem.decorator';
import { sendAnswer } from '../common/registry/registry-answer';
import { RegistryModuleVersionsResponse } from './dto/registry-modules.response';
import { ModuleRegistry } from './module-registry.service';

/** The module registry protocol, as terraform and tofu speak it. */
@ApiTags('Registry protocol')
@Controller('v1/modules/:namespace/:name/:provider')
export class ModuleProtocolController {
  constructor(private readonly registry: ModuleRegistry) {}

  /** The versions of a module that clients may use. A public namespace needs no key. */
  @Get('versions')
  @Access('read', ofRegistry())
  @ApiOkResponse({ type: RegistryModuleVersionsResponse })
  @ApiProblems(404)
  async versions(
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('provider') provider: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    sendAnswer(response, await this.registry.listVersions(request.path, { namespace, name, provider }));
  }

  /** Where the archive of a version is, in the header `X-Terraform-Get`: a link that works for ten minutes. */
  @Get(':version/download')
  @Access('read', ofRegistry())
  @ApiResponse({
    status: 204,
    description: 'The header has the link',
    headers: { 'X-Terraform-Get': { description: 'Path and query of the archive', schema: { type: 'string' } } },
  })
  @ApiProblems(404)
  async download(
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('provider') provider: string,
    @Param('version') version: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    sendAnswer(response, await this.registry.locate(request.path, { namespace, name, provider }, version));
  }
}
