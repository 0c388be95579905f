import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiProblems } from '../common/http/problem.decorator';
import { DeploymentVariables } from './deployment-variables.service';
import { VariableRequest } from './dto/variable.request';
import { VariableResponse } from './dto/variable.response';
import { readVariableList } from './variable-inputs';

@ApiTags('Variables')
@Controller('api/deployments/:id/variables')
export class DeploymentVariablesController {
  constructor(private readonly variables: DeploymentVariables) {}

  /** The deployment's own variables, in their order. Values of sensitive ones are never given back. */
  @Get()
  @Access('read', ofParam('deployment'))
  @ApiProblems(404)
  list(@Param('id') id: string): Promise<VariableResponse[]> {
    return this.variables.list(id);
  }

  /**
   * Replaces the whole list. A sensitive variable with `value: null` keeps its stored value. The next command of a run
   * that starts gets the new values.
   */
  @Put()
  @Access('write', ofParam('deployment'))
  @ApiBody({ type: [VariableRequest] })
  @ApiProblems(404, 409)
  async replace(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<VariableResponse[]> {
    return this.variables.replace(actor, id, await readVariableList(body));
  }
}
