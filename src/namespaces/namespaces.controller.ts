import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ANY_KEY, CurrentActor, ofParam, PLATFORM } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { CreateNamespaceRequest } from './dto/create-namespace.request';
import { NamespaceResponse } from './dto/namespace.response';
import { UpdateNamespaceRequest } from './dto/update-namespace.request';
import { NamespacesService } from './namespaces.service';

@ApiTags('Namespaces')
@Controller('api/namespaces')
export class NamespacesController {
  constructor(private readonly namespaces: NamespacesService) {}

  /** The namespaces the key reaches, newest first. */
  @Get()
  @Access('read', ANY_KEY)
  @ApiPage(NamespaceResponse)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<NamespaceResponse[]> {
    return sendPage(request, response, await this.namespaces.list(actor, query));
  }

  /** One namespace, by id or name. */
  @Get(':id')
  @Access('read', ofParam('namespace'))
  @ApiProblems(404)
  get(@Param('id') id: string): Promise<NamespaceResponse> {
    return this.namespaces.get(id);
  }

  /** Makes a namespace; platform admins alone may. */
  @Post()
  @Access('admin', PLATFORM)
  @ApiProblems(400, 409)
  create(@CurrentActor() actor: Actor, @Body() body: CreateNamespaceRequest): Promise<NamespaceResponse> {
    return this.namespaces.create(actor, body);
  }

  /** Changes what is given; the name only while nothing is published under it. */
  @Patch(':id')
  @Access('admin', ofParam('namespace'))
  @ApiProblems(400, 404, 409)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateNamespaceRequest,
  ): Promise<NamespaceResponse> {
    return this.namespaces.update(actor, id, body);
  }

  /** Deletes an empty namespace and its keys. */
  @Delete(':id')
  @HttpCode(204)
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    return this.namespaces.delete(actor, id);
  }
}
