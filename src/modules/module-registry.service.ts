import { Injectable } from '@nestjs/common';
import { LINK_STEP_SECONDS } from '../artifacts';
import { Clock } from '../common/clock';
import { DomainError, NotFoundError } from '../common/errors';
import { jsonAnswer, redirectAnswer } from '../common/registry/registry-answer';
import {
  type RegistryAnswer,
  RegistryAnswers,
  type RegistryNamespace,
} from '../common/registry/registry-answers.service';
import { NamespacesService } from '../namespaces';
import { byVersionDescending } from '../sources';
import { ModuleReader } from './module-reader.service';
import type { ModuleEntity } from './persistence/module.entity';
import { ModuleRepository } from './persistence/module.repository';
import { ModuleVersionRepository } from './persistence/module-version.repository';

const BASE = '/v1/modules/:namespace/:name/:provider';

/** A module as a client names it. */
export interface ModuleAddress {
  namespace: string;
  name: string;
  provider: string;
}

/** What clients are answered by the module registry protocol (`modules.v1`). */
@Injectable()
export class ModuleRegistry {
  constructor(
    private readonly namespaces: NamespacesService,
    private readonly modules: ModuleRepository,
    private readonly versions: ModuleVersionRepository,
    private readonly reader: ModuleReader,
    private readonly answers: RegistryAnswers,
    private readonly clock: Clock,
  ) {}

  /** The enabled versions. @param path as it was asked for: what the answer is kept under */
  listVersions(path: string, address: ModuleAddress): Promise<RegistryAnswer> {
    return this.answers.make(path, async () => {
      const { namespace, module } = await this.find(address);
      const versions = (await this.versions.findAll(module.id))
        .filter(({ enabled }) => enabled)
        .sort(byVersionDescending)
        .map(({ version }) => ({ version }));
      return jsonAnswer(`${BASE}/versions`, namespace, { modules: [{ versions }] });
    });
  }

  /**
   * Where the archive of a version is: `204` with `X-Terraform-Get`, the one form that terraform and every tofu accept
   * (protocol facts, section 2).
   */
  locate(path: string, address: ModuleAddress, number: string): Promise<RegistryAnswer> {
    return this.answers.make(path, async () => {
      const { namespace, module } = await this.find(address);
      const version = await this.versions.findByNumber(module.id, number);
      if (!version) throw new NotFoundError(`version of the module ${address.name}`);
      if (!version.enabled) {
        // Of a 404 clients show nothing, of a 403 what it says.
        throw new DomainError('forbidden', 'version-disabled', `Version ${number} of this module is disabled here.`);
      }
      const staleAt = this.clock.now().getTime() + LINK_STEP_SECONDS * 1000;
      return redirectAnswer(`${BASE}/:version/download`, namespace, this.reader.linkOf(module, version), staleAt);
    });
  }

  private async find(address: ModuleAddress): Promise<{ namespace: RegistryNamespace; module: ModuleEntity }> {
    const namespace = await this.namespaces.findForRegistry(address.namespace.toLowerCase());
    const module = namespace && (await this.modules.findByAddress(namespace.id, address.name, address.provider));
    if (!namespace || !module) throw new NotFoundError('module');
    return { namespace, module };
  }
}
