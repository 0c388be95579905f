import { Module } from '@nestjs/common';
import { NamespaceContents } from './namespace-contents';
import { NamespacesController } from './namespaces.controller';
import { NamespacesService } from './namespaces.service';
import { NamespaceRepository } from './persistence/namespace.repository';

@Module({
  controllers: [NamespacesController],
  providers: [NamespacesService, NamespaceRepository, NamespaceContents],
  exports: [NamespacesService, NamespaceContents],
})
export class NamespacesModule {}
