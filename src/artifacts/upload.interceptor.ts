import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  applyDecorators,
  CallHandler,
  createParamDecorator,
  ExecutionContext,
  Injectable,
  mixin,
  NestInterceptor,
  Type,
  UseInterceptors,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import { finalize, type Observable } from 'rxjs';
import { DomainError } from '../common/errors';
import { RegistryConfig } from '../config/config';
import { asStorageError, tooLarge } from './file-artifact-store';
import { Staging } from './staging.service';

/** A file of a form, on the disk until the request ends. */
export interface UploadedFile {
  path: string;
  sizeBytes: number;
}

interface UploadRequest extends Request {
  uploads?: Partial<Record<string, UploadedFile>>;
}

/** What the fields of a form and the boundaries around a file may take besides it. */
const FORM_BYTES = 2 ** 20;

function uploadInterceptor(parts: string[], isOptional: boolean): Type<NestInterceptor> {
  @Injectable()
  class UploadInterceptor implements NestInterceptor {
    constructor(
      private readonly staging: Staging,
      private readonly config: RegistryConfig,
    ) {}

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const request = context.switchToHttp().getRequest<UploadRequest>();
      const response = context.switchToHttp().getResponse<Response>();
      if (!request.is('multipart/form-data')) {
        if (isOptional) return next.handle();
        throw new DomainError(
          'unsupported-media-type',
          'unsupported-media-type',
          `Send the files as multipart/form-data, in the parts ${parts.join(', ')}.`,
        );
      }
      const directory = await this.staging.create();
      const forget = (): void => void this.staging.remove(directory);
      try {
        await this.receive(request, response, directory);
      } catch (error) {
        forget();
        // Whoever is told no may still be sending; the rest is not wanted.
        response.set('Connection', 'close');
        throw error;
      }
      return next.handle().pipe(finalize(forget));
    }

    private async receive(request: UploadRequest, response: Response, directory: string): Promise<void> {
      const { uploadMaxBytes } = this.config;
      if (Number(request.headers['content-length'] ?? 0) > parts.length * uploadMaxBytes + FORM_BYTES) {
        throw tooLarge(uploadMaxBytes);
      }
      const uploads: Partial<Record<string, UploadedFile>> = {};
      const form = multer({
        storage: diskStorage(directory, uploads),
        limits: {
          fileSize: uploadMaxBytes,
          files: parts.length,
          fields: 16,
          fieldNameSize: 100,
          fieldSize: 64 * 1024,
          parts: parts.length + 16,
        },
      }).fields(parts.map((name) => ({ name, maxCount: 1 })));
      await new Promise<void>((resolve, reject) => {
        form(request, response, (error: unknown) => (error ? reject(asUploadError(error, uploadMaxBytes)) : resolve()));
      });
      request.uploads = uploads;
    }
  }
  return mixin(UploadInterceptor);
}

/** Writes each file of a form into `directory`, under a name of ours. */
function diskStorage(directory: string, uploads: Partial<Record<string, UploadedFile>>): StorageEngine {
  return {
    _handleFile: (_request, file, done) => {
      const path = join(directory, `part-${file.fieldname.replace(/\W/g, '_')}`);
      const target = createWriteStream(path, { mode: 0o600, flags: 'wx' });
      pipeline(file.stream, target).then(() => {
        uploads[file.fieldname] = { path, sizeBytes: target.bytesWritten };
        done(null, {});
      }, done);
    },
    // The whole folder goes when the request ends.
    _removeFile: (_request, _file, done) => done(null),
  };
}

function asUploadError(error: unknown, maxBytes: number): Error {
  if (error instanceof MulterError) {
    if (error.code === 'LIMIT_FILE_SIZE') return tooLarge(maxBytes);
    const field = error.field === undefined ? '' : ` (${error.field.slice(0, 100)})`;
    return new DomainError('invalid', 'upload-malformed', `The form is not as expected: ${error.message}${field}.`);
  }
  const stored = asStorageError(error);
  if (stored instanceof DomainError) return stored;
  // What busboy and the connection say of a form that is cut or garbled.
  if (error instanceof Error && 'syscall' in error) return error;
  return new DomainError('invalid', 'upload-malformed', 'The form ended early or is not valid multipart/form-data.');
}

/**
 * Takes files of a form to the disk while they come: none is ever in memory. They go when the request ends.
 * @param parts names of the parts that hold files
 */
export function Upload(parts: string[], options: { isOptional?: boolean } = {}): MethodDecorator {
  return applyDecorators(UseInterceptors(uploadInterceptor(parts, options.isOptional ?? false)));
}

/** A file of the form; undefined when the request has none of this name. */
export const UploadedPart = createParamDecorator(
  (name: string, context: ExecutionContext): UploadedFile | undefined =>
    context.switchToHttp().getRequest<UploadRequest>().uploads?.[name],
);
