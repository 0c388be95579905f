import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiParam, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { DomainError, InvalidFieldError, NotFoundError } from '../common/errors';
import { parseByteRange } from '../common/http/byte-range';
import { ApiProblems } from '../common/http/problem.decorator';
import { AnsiStripper } from '../common/text/ansi';
import { LOG_PHASES, LogPhase } from './domain/log-phase';
import { LogQuery } from './dto/runs.query';
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
    if (lastEventId !== undefined && !/^\d{1,9}$/.test(lastEventId)) {
      throw new InvalidFieldError('Last-Event-ID', 'is not an id this stream gave');
    }
    const afterSeq = Number(lastEventId ?? 0);
    if (afterSeq > run.eventSeq) throw new InvalidFieldError('Last-Event-ID', 'is not an id this stream gave');
    if (run.completedAt !== null && afterSeq === run.eventSeq) {
      response.status(204).end();
      return;
    }
    await this.streams.serve(run.id, afterSeq, actor, response);
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
    const size = await this.logs.size(run.id, phase);
    response.set({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
    if (query.color === 'false') {
      await sendAll(response, withoutColors(this.logs.read(run.id, phase, 0, size)));
      return;
    }
    response.set('Accept-Ranges', 'bytes');
    const wanted = parseByteRange(range, size);
    if (wanted === 'unsatisfiable') {
      response.set('Content-Range', `bytes */${size}`);
      throw new DomainError(
        'range',
        'range-not-satisfiable',
        `The log has ${size} bytes; the range begins after them.`,
      );
    }
    const { from, to } = wanted ?? { from: 0, to: size };
    if (wanted) response.status(206).set('Content-Range', `bytes ${from}-${to - 1}/${size}`);
    response.set('Content-Length', String(to - from));
    await sendAll(response, this.logs.read(run.id, phase, from, to));
  }
}

function isLogPhase(text: string): text is LogPhase {
  return LOG_PHASES.some((phase) => phase === text);
}

async function* withoutColors(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const stripper = new AnsiStripper();
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield stripper.push(decoder.decode(chunk, { stream: true }));
  yield stripper.push(decoder.decode()) + stripper.flush();
}

/** Sends chunks as the reader takes them. A reader that goes away is no error. */
async function sendAll(response: Response, chunks: AsyncIterable<Buffer | string>): Promise<void> {
  await pipeline(Readable.from(chunks), response).catch((error: unknown) => {
    if (!response.destroyed) throw error;
  });
}
