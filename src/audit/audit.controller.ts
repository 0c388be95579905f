import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ANY_KEY, CurrentActor } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, sendPage } from '../common/http/pagination';
import { AuditQuery } from './dto/audit.query';
import { AuditEntryResponse } from './dto/audit-entry.response';
import { AuditTrailService } from './audit-trail.service';

@ApiTags('Platform')
@Controller('api/audit')
export class AuditController {
  constructor(private readonly trail: AuditTrailService) {}

  /** Who did what, newest first. An admin key of a namespace sees its namespace, a platform key all. */
  @Get()
  @Access('admin', ANY_KEY)
  @ApiPage(AuditEntryResponse)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: AuditQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AuditEntryResponse[]> {
    return sendPage(request, response, await this.trail.list(actor, query));
  }
}
