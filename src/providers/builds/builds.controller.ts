import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofParam } from '../../common/access/access.decorator';
import type { Actor } from '../../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../../common/http/pagination';
import { ApiProblems } from '../../common/http/problem.decorator';
import { LogQuery } from '../../live-logs/log.query';
import { serveEventStream } from '../../live-logs/serve-event-stream';
import { serveLogText } from '../../live-logs/serve-log-text';
import { CreateBuildRequest } from '../dto/build.request';
import { BuildResponse } from '../dto/build.response';
import { BUILD_PHASE, BuildLogs, BuildStreams } from './build-streams';
import { BuildsService } from './builds.service';

@ApiTags('Builds')
@Controller('api/providers/:id/versions/:version_id/builds')
export class BuildsController {
  constructor(
    private readonly builds: BuildsService,
    private readonly logs: BuildLogs,
    private readonly streams: BuildStreams,
  ) {}

  /** Builds a draft from its commit with Go, for five platforms unless others are named. Publish it afterwards. */
  @Post()
  @HttpCode(202)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409, 422)
  create(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Body() body: CreateBuildRequest,
  ): Promise<BuildResponse> {
    return this.builds.create(actor, id, versionId, body.platforms);
  }

  /** The builds of a version, newest first. */
  @Get()
  @Access('read', ofParam('provider'))
  @ApiPage(BuildResponse)
  @ApiProblems(404)
  async list(
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BuildResponse[]> {
    return sendPage(request, response, await this.builds.list(id, versionId, query));
  }

  /** One build. */
  @Get(':build_id')
  @Access('read', ofParam('provider'))
  @ApiProblems(404)
  get(
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Param('build_id') buildId: string,
  ): Promise<BuildResponse> {
    return this.builds.get(id, versionId, buildId);
  }

  /** Ends a build. Nothing of it becomes part of the version. */
  @Post(':build_id/cancel')
  @HttpCode(202)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409)
  cancel(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Param('build_id') buildId: string,
  ): Promise<BuildResponse> {
    return this.builds.cancel(actor, id, versionId, buildId);
  }

  /** The log of a build. Colours are kept unless `color=false`; byte ranges are served of the log as it is stored. */
  @Get(':build_id/log')
  @Access('read', ofParam('provider'))
  @ApiHeader({ name: 'Range', required: false, description: '`bytes=FROM-TO`' })
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'The log', content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiResponse({ status: 206, description: 'The range', content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems(404, 416)
  async log(
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Param('build_id') buildId: string,
    @Query() query: LogQuery,
    @Headers('range') range: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const build = await this.builds.getEntity(id, versionId, buildId);
    const hasColors = query.color !== 'false';
    await serveLogText(response, this.logs, { id: build.id, phase: BUILD_PHASE }, { range, hasColors });
  }

  /**
   * Log and status of a build while it goes on, as Server-Sent Events: `log` (`{phase, offset, text}`), `status` (the
   * build), `end`. `Last-Event-ID` resumes without gap or repeat; a reader that has the end already gets 204.
   */
  @Get(':build_id/stream')
  @Access('read', ofParam('provider'))
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The `id` of the last event the reader has' })
  @ApiResponse({
    status: 200,
    description: 'The events',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 204, description: 'The build has ended and the reader has all of it' })
  @ApiProblems(404)
  async stream(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Param('build_id') buildId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const build = await this.builds.getEntity(id, versionId, buildId);
    const subject = { id: build.id, lastSeq: build.eventSeq, hasEnded: build.completedAt !== null };
    await serveEventStream(response, this.streams, subject, { actor, lastEventId });
  }
}
