import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Public } from '../common/access/access.decorator';
import { jsonAnswer, sendAnswer } from '../common/registry/registry-answer';
import { RegistryAnswers } from '../common/registry/registry-answers.service';
import { DiscoveryResponse } from './dto/discovery.response';

const ROUTE = '/.well-known/terraform.json';
/** Absolute paths: they work under whatever address a client has reached the server. */
const SERVICES: DiscoveryResponse = { 'modules.v1': '/v1/modules/', 'providers.v1': '/v1/providers/' };

/** Service discovery, the first thing terraform and tofu ask a host for. */
@ApiTags('Registry protocol')
@Controller()
export class DiscoveryController {
  constructor(private readonly answers: RegistryAnswers) {}

  /** Where the registries of this host are. */
  @Get(ROUTE)
  @Public()
  @ApiOkResponse({ type: DiscoveryResponse })
  async discover(@Req() request: Request, @Res() response: Response): Promise<void> {
    sendAnswer(response, await this.answers.make(request.path, async () => jsonAnswer(ROUTE, null, SERVICES)));
  }
}
