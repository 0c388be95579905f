// The registry's routes as anybody would write them with Nest and nothing else: each answer is an object that a
// controller returns. Takes `{ documents, links }` on stdin, both by path, and prints its port.
import 'reflect-metadata';
import { text } from 'node:stream/consumers';
import { Controller, Get, HttpCode, Module, Param, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const { documents, links } = JSON.parse(await text(process.stdin));

class DiscoveryController {
  discover() {
    return documents['/.well-known/terraform.json'];
  }
}

class ModulesController {
  versions(namespace, name, provider) {
    return documents[`/v1/modules/${namespace}/${name}/${provider}/versions`];
  }

  download(namespace, name, provider, version, response) {
    response.set('X-Terraform-Get', links[`/v1/modules/${namespace}/${name}/${provider}/${version}/download`]);
  }
}

class ProvidersController {
  versions(namespace, name) {
    return documents[`/v1/providers/${namespace}/${name}/versions`];
  }

  download(namespace, name, version, os, arch) {
    return documents[`/v1/providers/${namespace}/${name}/${version}/download/${os}/${arch}`];
  }
}

class AppModule {}

// Decorators by hand: this is no TypeScript.
const decorate = (target, method, decorators, ...parameters) => {
  parameters.forEach((decorator, index) => decorator(target.prototype, method, index));
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method);
  for (const decorator of decorators) decorator(target.prototype, method, descriptor);
};
const MODULE = [Param('namespace'), Param('name'), Param('provider')];
const PROVIDER = [Param('namespace'), Param('name')];

Controller()(DiscoveryController);
decorate(DiscoveryController, 'discover', [Get('.well-known/terraform.json')]);
Controller('v1/modules/:namespace/:name/:provider')(ModulesController);
decorate(ModulesController, 'versions', [Get('versions')], ...MODULE);
decorate(
  ModulesController,
  'download',
  [Get(':version/download'), HttpCode(204)],
  ...MODULE,
  Param('version'),
  Res({ passthrough: true }),
);
Controller('v1/providers/:namespace/:name')(ProvidersController);
decorate(ProvidersController, 'versions', [Get('versions')], ...PROVIDER);
decorate(
  ProvidersController,
  'download',
  [Get(':version/download/:os/:arch')],
  ...PROVIDER,
  Param('version'),
  Param('os'),
  Param('arch'),
);
Module({ controllers: [DiscoveryController, ModulesController, ProvidersController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
console.log(app.getHttpServer().address().port);
