import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ANY_KEY, CurrentActor, ofBody, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { DeploymentReader } from './deployment-reader.service';
import { DeploymentsService } from './deployments.service';
import { CreateDeploymentRequest } from './dto/create-deployment.request';
import { DeploymentResponse } from './dto/deployment.response';
import { DeleteDeploymentQuery, DeploymentsQuery, DeploymentStatusQuery, TreeQuery } from './dto/deployments.query';
import {
  BrowseResponse,
  DeploymentStatusResponse,
  ReferencesResponse,
  TfvarsResponse,
} from './dto/repository.response';
import { UpdateDeploymentRequest } from './dto/update-deployment.request';
import { RepositoryBrowser } from './repository-browser.service';
import { RunsService } from './runs.service';

@ApiTags('Deployments')
@Controller('api/deployments')
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly reader: DeploymentReader,
    private readonly browser: RepositoryBrowser,
    private readonly runs: RunsService,
  ) {}

  /** The deployments the key reaches, newest first. */
  @Get()
  @Access('read', ANY_KEY)
  @ApiPage(DeploymentResponse)
  @ApiProblems(404)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: DeploymentsQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentResponse[]> {
    return sendPage(request, response, await this.reader.list(actor, query));
  }

  /** One deployment, with its last run. */
  @Get(':id')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404)
  get(@Param('id') id: string): Promise<DeploymentResponse> {
    return this.reader.get(id);
  }

  /** Registers a Git repository as a deployment. Credentials are encrypted and never given back. */
  @Post()
  @Access('write', ofBody('namespace', 'namespace_id'))
  @ApiProblems(404, 409)
  create(@CurrentActor() actor: Actor, @Body() body: CreateDeploymentRequest): Promise<DeploymentResponse> {
    return this.deployments.create(actor, body);
  }

  /** Changes what is given; `null` clears. To change `approval` needs `admin`. */
  @Patch(':id')
  @Access('write', ofParam('deployment'))
  @ApiProblems(404, 409)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateDeploymentRequest,
  ): Promise<DeploymentResponse> {
    return this.deployments.update(actor, id, body);
  }

  /**
   * Deletes a deployment with its runs, logs and states; refused while a run is active, and while a managed state holds
   * resources unless `force=true`. What was built stays built.
   * One with an approval policy needs `admin`.
   */
  @Delete(':id')
  @HttpCode(204)
  @Access('write', ofParam('deployment'))
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string, @Query() query: DeleteDeploymentQuery): Promise<void> {
    return this.deployments.delete(actor, id, query.force === 'true');
  }

  /** Branches and tags of the repository. */
  @Get(':id/references')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404, 422, 503)
  async references(@Param('id') id: string): Promise<ReferencesResponse> {
    return this.browser.references(await this.reader.getEntity(id));
  }

  /** One folder of the repository, with its README. */
  @Get(':id/browse')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404, 422, 503)
  async browse(@Param('id') id: string, @Query() query: TreeQuery): Promise<BrowseResponse> {
    return this.browser.browse(await this.reader.getEntity(id), query);
  }

  /** Variable files of one folder. */
  @Get(':id/tfvars')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404, 422, 503)
  async tfvars(@Param('id') id: string, @Query() query: TreeQuery): Promise<TfvarsResponse> {
    return { tfvars_files: await this.browser.tfvarsFiles(await this.reader.getEntity(id), query) };
  }

  /** How the deployment stands in one folder. */
  @Get(':id/status')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404)
  status(@Param('id') id: string, @Query() query: DeploymentStatusQuery): Promise<DeploymentStatusResponse> {
    return this.runs.statusOf(id, query.path);
  }
}
