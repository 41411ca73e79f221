import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEGABYTE = 1024 * 1024;
const SIZE_MB = 1024;
const SPARE_BYTES = 16 * 1024;

/**
 * The folder of the server. As root it is a file system of its own in memory, so that it can be full
 * without anybody else noticing: its size is set to what is used, and back.
 */
export class Disk {
  private constructor(
    readonly folder: string,
    readonly canBeFull: boolean,
    /** Why it cannot be full. */
    readonly reason: string,
  ) {}

  static make(): Disk {
    const folder = mkdtempSync(join(tmpdir(), 'parlor-faults-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=700`, 'parlor-faults', folder], {
        stdio: 'pipe',
      });
      return new Disk(folder, true, '');
    } catch (error) {
      return new Disk(folder, false, error instanceof Error ? error.message.trim() : String(error));
    }
  }

  /** Leaves next to nothing. The server writes meanwhile, so what is used may have grown: then once more. */
  fill(): void {
    for (let spare = SPARE_BYTES; spare < SIZE_MB * MEGABYTE; spare *= 2) {
      const { bsize, blocks, bfree } = statfsSync(this.folder);
      try {
        return this.resize(`${(blocks - bfree) * bsize + spare}`);
      } catch {
        // Smaller than what is used by now.
      }
    }
    throw new Error('The disk of the server could not be filled.');
  }

  free(): void {
    if (this.canBeFull) this.resize(`${SIZE_MB}m`);
  }

  /**
   * A copy that outlives the file system.
   *
   * @returns where it is
   */
  keep(): string {
    const copy = mkdtempSync(join(tmpdir(), 'parlor-faults-kept-'));
    this.free();
    cpSync(this.folder, copy, { recursive: true });
    this.remove();
    return copy;
  }

  remove(): void {
    this.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private unmount(): void {
    if (!this.canBeFull) return;
    try {
      execFileSync('umount', ['-l', this.folder], { stdio: 'pipe' });
    } catch {
      // It was unmounted before: this also runs when the process ends.
    }
  }

  private resize(size: string): void {
    execFileSync('mount', ['-o', `remount,size=${size}`, this.folder], { stdio: 'pipe' });
  }
}
