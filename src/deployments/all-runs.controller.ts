import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ANY_KEY, CurrentActor } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { RunResponse } from './dto/run.response';
import { AllRunsQuery } from './dto/runs.query';
import { RunsService } from './runs.service';

@ApiTags('Runs')
@Controller('api/runs')
export class AllRunsController {
  constructor(private readonly runs: RunsService) {}

  /** Runs across deployments, newest first. */
  @Get()
  @Access('read', ANY_KEY)
  @ApiPage(RunResponse)
  @ApiProblems(404)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: AllRunsQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunResponse[]> {
    return sendPage(request, response, await this.runs.listAll(actor, query));
  }
}
