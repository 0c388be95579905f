import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { LOG_PHASES } from './domain/log-phase';
import { CreateRunRequest } from './dto/create-run.request';
import { ExecutionResponse } from './dto/execution.response';
import { ApproveRunRequest, CancelRunRequest } from './dto/run-actions.request';
import { RunResponse, RunWithLogsResponse } from './dto/run.response';
import { RunsQuery } from './dto/runs.query';
import { RunActions } from './run-actions.service';
import { RunLogs } from './run-logs.service';
import { RunsService } from './runs.service';

@ApiTags('Runs')
@Controller('api/deployments/:id/runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly actions: RunActions,
    private readonly logs: RunLogs,
  ) {}

  /** The runs of a deployment, newest first. */
  @Get()
  @Access('read', ofParam('deployment'))
  @ApiPage(RunResponse)
  @ApiProblems(404)
  async list(
    @Param('id') id: string,
    @Query() query: RunsQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunResponse[]> {
    return sendPage(request, response, await this.runs.list(id, query));
  }

  /** Starts a run: it goes to the end of the queue of its deployment and path. */
  @Post()
  @Access('write', ofParam('deployment'))
  @ApiProblems(404)
  create(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: CreateRunRequest): Promise<RunResponse> {
    return this.runs.create(actor, id, body);
  }

  /** A run with the ends of its logs. */
  @Get(':run_id')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404)
  async get(@Param('id') id: string, @Param('run_id') runId: string): Promise<RunWithLogsResponse> {
    const run = await this.runs.get(id, runId);
    const { logs, isTruncated } = await this.logs.endings(run.id, LOG_PHASES);
    return { ...run, init_log: logs.init, plan_log: logs.plan, apply_log: logs.apply, log_truncated: isTruncated };
  }

  /**
   * Approves the plan that waits, or rejects it. It is applied when as many different keys have approved as
   * `approvals_required` says; one rejection ends the run. What comes later gets 409.
   */
  @Post(':run_id/approve')
  @HttpCode(200)
  @Access('write', ofParam('deployment'))
  @ApiProblems(403, 404, 409)
  approve(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('run_id') runId: string,
    @Body() body: ApproveRunRequest,
  ): Promise<RunResponse> {
    return this.actions.approve(actor, id, runId, body);
  }

  /** Ends a run. A tool at work is interrupted and may clean up; with `force` it is killed. */
  @Post(':run_id/cancel')
  @HttpCode(202)
  @Access('write', ofParam('deployment'))
  @ApiProblems(404, 409)
  cancel(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('run_id') runId: string,
    @Body() body: CancelRunRequest,
  ): Promise<RunResponse> {
    return this.actions.cancel(actor, id, runId, body);
  }

  /** Deletes a run that has ended, with its logs and its directory. */
  @Delete(':run_id')
  @HttpCode(204)
  @Access('write', ofParam('deployment'))
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string, @Param('run_id') runId: string): Promise<void> {
    return this.actions.delete(actor, id, runId);
  }

  /** The tool's JSON plan with sensitive values masked. */
  @Get(':run_id/plan')
  @Access('read', ofParam('deployment'))
  @ApiOkResponse({
    description: 'As `show -json` gives it',
    content: { 'application/json': { schema: { type: 'object' } } },
  })
  @ApiProblems(404)
  async plan(@Param('id') id: string, @Param('run_id') runId: string, @Res() response: Response): Promise<void> {
    response.type('application/json').send(await this.runs.plan(id, runId));
  }

  /** What the runner was asked to do, in order. */
  @Get(':run_id/executions')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404)
  executions(@Param('id') id: string, @Param('run_id') runId: string): Promise<ExecutionResponse[]> {
    return this.runs.executions(id, runId);
  }
}
