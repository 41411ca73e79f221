/*
 * A disk that can be watched and that can fail. Preloaded into a process (LD_PRELOAD), this library stands
 * between SQLite and the kernel for the files of one folder. Without its environment it does nothing.
 *
 *   PARLOR_DISK    the folder, absolute and without links in it; needed by both others
 *   PARLOR_RECORD  everything that happens to files in the folder, and all that leaves over TCP, is appended here
 *   PARLOR_FAULTS  a `struct control`, mapped shared: whoever writes into that file breaks and mends the disk
 *
 * The order in the record errs on the safe side. A write and a sync are recorded after they returned, and a sync
 * says how long the record was when it began: it covers what stands before that. Bytes for the network are
 * recorded before they go. So what the record calls safe was safe, and what it calls unsent was unsent.
 *
 * Left out: the -shm file, which SQLite maps into memory and makes anew after a power loss; mapped files at all
 * (Parlor leaves `mmap_size` at 0); descriptors made by dup().
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "open and open64 are one here");

/* The function that would have been called without this library. */
#define REAL(name)                                                                                              \
  ({                                                                                                            \
    static __typeof__(&name) found;                                                                             \
    if (!found) found = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                             \
    found;                                                                                                      \
  })

/* What a record says. record.ts reads them. */
enum {
  OPENED = 'O',    /* at: 1 if it was made by this; payload: its name, empty for the folder itself */
  WRITTEN = 'W',   /* at: offset; payload: the bytes */
  CUT = 'T',       /* at: the new size */
  SYNCED = 'S',    /* at: length of the record when the sync began */
  UNSYNCED = 'E',  /* a sync that failed; at: as above */
  UNLINKED = 'U',  /* payload: the name */
  RENAMED = 'R',   /* payload: the old name, a zero, the new name */
  SENDING = 'N',   /* file: inode of the socket; payload: the bytes */
  SENT = 'P',      /* only when fewer bytes went than SENDING says; at: how many did */
};

struct header {
  uint32_t payload; /* bytes that follow */
  uint8_t kind;
  uint8_t unused[3];
  uint64_t file; /* inode */
  uint64_t at;
  uint64_t time; /* nanoseconds, monotonic */
};

enum { ELSEWHERE, DATABASE, WAL, OTHER };

/* What is broken. disk-shim.ts writes it. The first three hold the errno to fail with; 0 means works. */
struct control {
  volatile uint8_t sync, write, read;
  volatile uint8_t only;     /* DATABASE or WAL: other files work; 0: all are broken */
  volatile uint8_t skip;     /* so many calls still work */
  volatile uint8_t times;    /* then so many fail; 0: all */
  volatile uint8_t swallow;  /* 1: syncs say yes and do nothing */
  volatile uint8_t unused;
  volatile uint32_t seen, failed; /* calls that the fault is about, and those that it failed */
};

struct entry {
  uint64_t file;
  uint8_t kind;
};

static char folder[4096];
static size_t folder_length;
static int record_fd = -1;
static uint64_t recorded; /* bytes */
static struct control no_faults;
static struct control *control = &no_faults;
static struct entry entries[65536]; /* by descriptor */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *what) {
  perror(what);
  abort();
}

__attribute__((constructor)) static void begin(void) {
  const char *disk = getenv("PARLOR_DISK"), *record = getenv("PARLOR_RECORD"), *faults = getenv("PARLOR_FAULTS");
  if (!disk) return;
  folder_length = strlen(disk);
  if (folder_length >= sizeof folder) give_up("PARLOR_DISK");
  memcpy(folder, disk, folder_length);
  if (record) {
    record_fd = REAL(open)(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record_fd < 0) give_up("PARLOR_RECORD");
  }
  if (faults) {
    int fd = REAL(open)(faults, O_RDWR | O_CLOEXEC);
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || mapped == MAP_FAILED) give_up("PARLOR_FAULTS");
    control = mapped;
    REAL(close)(fd);
  }
}

/* One write, so that a process that is killed leaves whole records but for the last. */
static void record(char kind, uint64_t file, uint64_t at, const struct iovec *parts, int count) {
  if (record_fd < 0) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  size_t payload = 0, length = sizeof(struct header);
  for (int i = 0; i < count; i++) payload += parts[i].iov_len;
  char *bytes = malloc(length + payload);
  if (!bytes) give_up("malloc");
  *(struct header *)bytes = (struct header){
      .payload = payload, .kind = kind, .file = file, .at = at, .time = now.tv_sec * 1000000000ull + now.tv_nsec};
  for (int i = 0; i < count; i++) {
    memcpy(bytes + length, parts[i].iov_base, parts[i].iov_len);
    length += parts[i].iov_len;
  }
  pthread_mutex_lock(&mutex);
  if (REAL(write)(record_fd, bytes, length) != (ssize_t)length) give_up("the record");
  recorded += length;
  pthread_mutex_unlock(&mutex);
  free(bytes);
}

static uint64_t position(void) {
  pthread_mutex_lock(&mutex);
  uint64_t length = recorded;
  pthread_mutex_unlock(&mutex);
  return length;
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The name inside the folder, or NULL for what lies elsewhere and for the -shm file. */
static const char *name_of(const char *path) {
  if (folder_length == 0 || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return path + folder_length;
  if (path[folder_length] != '/' || ends_with(path, "-shm")) return NULL;
  return path + folder_length + 1;
}

static uint8_t kind_of(const char *name) {
  return ends_with(name, ".db") ? DATABASE : ends_with(name, "-wal") ? WAL : OTHER;
}

/* The file behind a descriptor if it is one of the folder's. The inode tells a descriptor that was used anew. */
static struct entry entry_of(int fd) {
  struct stat status;
  struct entry none = {0, ELSEWHERE};
  if (fd < 0 || fd >= 65536 || entries[fd].kind == ELSEWHERE) return none;
  return fstat(fd, &status) == 0 && status.st_ino == entries[fd].file ? entries[fd] : none;
}

/* The errno to fail with, or 0. */
static int fault(volatile uint8_t *kind_of_call, uint8_t kind_of_file) {
  int error = *kind_of_call;
  if (error == 0 || (control->only != 0 && control->only != kind_of_file)) return 0;
  uint32_t seen = __atomic_fetch_add(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (seen < control->skip) return 0;
  if (control->times != 0 && seen >= (uint32_t)control->skip + control->times) return 0;
  __atomic_fetch_add(&control->failed, 1, __ATOMIC_SEQ_CST);
  return error;
}

#define FAIL_IF_BROKEN(call, kind)                                                                              \
  do {                                                                                                          \
    int error = fault(&control->call, kind);                                                                    \
    if (error) {                                                                                                \
      errno = error;                                                                                            \
      return -1;                                                                                                \
    }                                                                                                           \
  } while (0)

/* Files and their names */

static int watched_open(int directory, const char *path, int flags, mode_t mode) {
  const char *name = name_of(path);
  if (!name) return REAL(openat)(directory, path, flags, mode);
  bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (writes && control->write == EROFS) FAIL_IF_BROKEN(write, kind_of(name));
  bool existed = access(path, F_OK) == 0;
  int fd = REAL(openat)(directory, path, flags, mode);
  struct stat status;
  if (fd < 0 || fd >= 65536 || fstat(fd, &status) != 0) return fd;
  entries[fd] = (struct entry){status.st_ino, kind_of(name)};
  struct iovec payload = {(void *)name, strlen(name)};
  record(OPENED, status.st_ino, !existed, &payload, 1);
  if (existed && writes && (flags & O_TRUNC)) record(CUT, status.st_ino, 0, NULL, 0);
  return fd;
}

#define MODE_ARGUMENT(last)                                                                                     \
  mode_t mode = 0;                                                                                              \
  if (((last) & O_CREAT) || ((last) & O_TMPFILE) == O_TMPFILE) {                                                \
    va_list rest;                                                                                               \
    va_start(rest, last);                                                                                       \
    mode = va_arg(rest, mode_t);                                                                                \
    va_end(rest);                                                                                               \
  }

int open(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return watched_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return watched_open(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return watched_open(directory, path, flags, mode);
}

int close(int fd) {
  if (fd >= 0 && fd < 65536) entries[fd].kind = ELSEWHERE;
  return REAL(close)(fd);
}

int unlink(const char *path) {
  const char *name = name_of(path);
  if (!name) return REAL(unlink)(path);
  if (control->write == EROFS) FAIL_IF_BROKEN(write, kind_of(name));
  int result = REAL(unlink)(path);
  struct iovec payload = {(void *)name, strlen(name)};
  if (result == 0) record(UNLINKED, 0, 0, &payload, 1);
  return result;
}

int rename(const char *from, const char *to) {
  const char *old_name = name_of(from), *new_name = name_of(to);
  if (!old_name || !new_name) return REAL(rename)(from, to);
  int result = REAL(rename)(from, to);
  struct iovec payload[] = {{(void *)old_name, strlen(old_name) + 1}, {(void *)new_name, strlen(new_name)}};
  if (result == 0) record(RENAMED, 0, 0, payload, 2);
  return result;
}

/* Their content */

static ssize_t watched_pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  struct entry file = entry_of(fd);
  if (file.kind == ELSEWHERE) return REAL(pwrite)(fd, bytes, length, offset);
  FAIL_IF_BROKEN(write, file.kind);
  ssize_t written = REAL(pwrite)(fd, bytes, length, offset);
  struct iovec payload = {(void *)bytes, written};
  if (written > 0) record(WRITTEN, file.file, offset, &payload, 1);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return watched_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return watched_pwrite(fd, bytes, length, offset);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) {
  struct entry file = entry_of(fd);
  if (file.kind != ELSEWHERE) FAIL_IF_BROKEN(read, file.kind);
  return REAL(pread64)(fd, bytes, length, offset);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return pread64(fd, bytes, length, offset); }

static int watched_truncate(int fd, off_t size) {
  struct entry file = entry_of(fd);
  if (file.kind == ELSEWHERE) return REAL(ftruncate)(fd, size);
  FAIL_IF_BROKEN(write, file.kind);
  int result = REAL(ftruncate)(fd, size);
  if (result == 0) record(CUT, file.file, size, NULL, 0);
  return result;
}

int ftruncate(int fd, off_t size) { return watched_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return watched_truncate(fd, size); }

static int watched_sync(int fd, int (*real)(int)) {
  struct entry file = entry_of(fd);
  if (file.kind == ELSEWHERE) return real(fd);
  if (control->swallow) return 0;
  uint64_t before = position();
  int error = fault(&control->sync, file.kind);
  int result = error ? -1 : real(fd);
  if (!error) error = errno;
  record(result == 0 ? SYNCED : UNSYNCED, file.file, before, NULL, 0);
  errno = error;
  return result;
}

int fsync(int fd) { return watched_sync(fd, REAL(fsync)); }
int fdatasync(int fd) { return watched_sync(fd, REAL(fdatasync)); }

/* The network, and plain writes to files */

static bool is_tcp(int fd) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == IPPROTO_TCP;
}

/* 0 for what is no TCP socket or is not recorded. */
static uint64_t sending(int fd, const struct iovec *parts, int count) {
  struct stat status;
  if (record_fd < 0 || !is_tcp(fd) || fstat(fd, &status) != 0) return 0;
  record(SENDING, status.st_ino, 0, parts, count);
  return status.st_ino;
}

static ssize_t sent(uint64_t socket, ssize_t result, const struct iovec *parts, int count) {
  int error = errno;
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  if (socket != 0 && result != (ssize_t)length) record(SENT, socket, result < 0 ? 0 : result, NULL, 0);
  errno = error;
  return result;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  struct entry file = entry_of(fd);
  if (file.kind == ELSEWHERE) {
    uint64_t socket = sending(fd, &part, 1);
    return sent(socket, REAL(write)(fd, bytes, length), &part, 1);
  }
  FAIL_IF_BROKEN(write, file.kind);
  ssize_t written = REAL(write)(fd, bytes, length);
  part.iov_len = written;
  if (written > 0) record(WRITTEN, file.file, lseek(fd, 0, SEEK_CUR) - written, &part, 1);
  return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  uint64_t socket = sending(fd, parts, count);
  return sent(socket, REAL(writev)(fd, parts, count), parts, count);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  struct iovec part = {(void *)bytes, length};
  uint64_t socket = sending(fd, &part, 1);
  return sent(socket, REAL(send)(fd, bytes, length, flags), &part, 1);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  uint64_t socket = sending(fd, message->msg_iov, message->msg_iovlen);
  return sent(socket, REAL(sendmsg)(fd, message, flags), message->msg_iov, message->msg_iovlen);
}
