import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiParam, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { NotFoundError } from '../common/errors';
import { ApiProblems } from '../common/http/problem.decorator';
import { LogQuery } from '../live-logs/log.query';
import { serveEventStream } from '../live-logs/serve-event-stream';
import { serveLogText } from '../live-logs/serve-log-text';
import { LOG_PHASES, LogPhase } from './domain/log-phase';
import { RunLogs } from './run-logs.service';
import { RunStreams } from './run-stream.service';
import { RunsService } from './runs.service';

@ApiTags('Runs')
@Controller('api/deployments/:id/runs/:run_id')
export class RunLogsController {
  constructor(
    private readonly runs: RunsService,
    private readonly logs: RunLogs,
    private readonly streams: RunStreams,
  ) {}

  /**
   * Log and status of a run while it goes on, as Server-Sent Events: `log` (`{phase, offset, text}`), `status` (the
   * run), `end`. `Last-Event-ID` resumes without gap or repeat; a reader that has the end already gets 204.
   */
  @Get('stream')
  @Access('read', ofParam('deployment'))
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The `id` of the last event the reader has' })
  @ApiResponse({
    status: 200,
    description: 'The events',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 204, description: 'The run has ended and the reader has all of it' })
  @ApiProblems(404)
  async stream(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('run_id') runId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.runs.getEntity(id, runId);
    const subject = { id: run.id, lastSeq: run.eventSeq, hasEnded: run.completedAt !== null };
    await serveEventStream(response, this.streams, subject, { actor, lastEventId });
  }

  /** The log of one phase. Colours are kept unless `color=false`; byte ranges are served of the log as it is stored. */
  @Get('logs/:phase')
  @Access('read', ofParam('deployment'))
  @ApiParam({ name: 'phase', enum: LOG_PHASES })
  @ApiHeader({ name: 'Range', required: false, description: '`bytes=FROM-TO`' })
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'The log', content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiResponse({ status: 206, description: 'The range', content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems(404, 416)
  async log(
    @Param('id') id: string,
    @Param('run_id') runId: string,
    @Param('phase') phase: string,
    @Query() query: LogQuery,
    @Headers('range') range: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.runs.getEntity(id, runId);
    if (!isLogPhase(phase)) throw new NotFoundError(`phase; there are ${LOG_PHASES.join(', ')}`);
    const options = { range, hasColors: query.color !== 'false' };
    await serveLogText(response, this.logs, { id: run.id, phase }, options);
  }
}

function isLogPhase(text: string): text is LogPhase {
  return LOG_PHASES.some((phase) => phase === text);
}
