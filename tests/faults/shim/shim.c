/*
 * Stands between a process and its disk: preloaded, it writes down what happens to the files of one folder, and makes calls fail or linger as a
 * file of numbers says, which a test may change while the process runs. Linux and glibc.
 *
 *   OPENCLAW_SHIM_DIR      the folder, as the process names it; only its files are watched
 *   OPENCLAW_SHIM_LOG      where operations are written down, in the order in which they ended; see log.ts
 *   OPENCLAW_SHIM_MARKS    a file outside of the folder; what is written to it goes into the log instead
 *   OPENCLAW_SHIM_BOOT     a file that is read in place of the kernel's name of this boot
 *   OPENCLAW_SHIM_CONTROL  the numbers; see control.ts
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#undef open
#undef open64
#undef openat
#undef openat64
#undef mmap
#undef mmap64
#undef pwrite
#undef pwrite64
#undef ftruncate
#undef ftruncate64

enum { OPENED = 1, WRITTEN, SYNCED, CUT, CLOSED, UNLINKED, RENAMED, MARK, STARTED };
enum { FILE_ = 1, FOLDER = 2, MARKS = 4, DATABASE = 8, WAL = 16 };
enum {
  SYNC_MODE, SYNC_MIN_MS, SYNC_MAX_MS,
  WRITE_ERRNO, WRITE_COUNT, WRITE_WHERE,
  ACCEPT_ERRNO, ACCEPT_COUNT, OPEN_ERRNO, OPEN_COUNT, MMAP_ERRNO, MMAP_COUNT, SOCKET_ERRNO, SOCKET_COUNT, SYNC_SKIP,
  SYNCS = 16, SYNCS_FAILED, WRITES_FAILED, ACCEPTS_FAILED, OPENS_FAILED, MMAPS_FAILED, SOCKETS_FAILED,
  NUMBERS = 32
};

struct head { uint32_t kind; int32_t fd; int64_t at; uint32_t length; int32_t result; };

#define FDS 65536
static unsigned char watched[FDS];
static int log_fd = -1;
static const char *dir, *marks, *boot;
static size_t dir_length;
static volatile int32_t *numbers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t raw_write(int fd, const void *from, size_t length) { return syscall(SYS_write, fd, from, length); }

static void put(uint32_t kind, int fd, int64_t at, int32_t result, const void *data, uint32_t length) {
  if (log_fd < 0) return;
  struct head head = {kind, fd, at, length, result};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
  syscall(SYS_writev, log_fd, parts, length > 0 ? 2 : 1);
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("OPENCLAW_SHIM_LOG");
  dir = getenv("OPENCLAW_SHIM_DIR");
  dir_length = dir ? strlen(dir) : 0;
  marks = getenv("OPENCLAW_SHIM_MARKS");
  boot = getenv("OPENCLAW_SHIM_BOOT");
  if (path) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, fd);
    put(STARTED, 0, 0, 0, NULL, 0);
  }
  const char *control = getenv("OPENCLAW_SHIM_CONTROL");
  int fd = control ? (int)syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC, 0) : -1;
  if (fd >= 0) {
    void *page = (void *)syscall(SYS_mmap, NULL, NUMBERS * sizeof(int32_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) numbers = page;
    syscall(SYS_close, fd);
  }
}

static void count(int slot) {
  if (numbers) __sync_fetch_and_add((int32_t *)&numbers[slot], 1);
}

/* The errno to fail with, or 0. A count of -1 is for ever, any other goes down. */
static int fault(int error_slot, int count_slot, int counter) {
  if (!numbers || numbers[error_slot] == 0 || numbers[count_slot] == 0) return 0;
  if (numbers[count_slot] > 0) __sync_fetch_and_sub((int32_t *)&numbers[count_slot], 1);
  count(counter);
  return numbers[error_slot];
}

static int is_watched(int fd, int kind) { return fd >= 0 && fd < FDS && (watched[fd] & kind) != 0; }

static int ends_with(const char *text, const char *end) {
  size_t a = strlen(text), b = strlen(end);
  return a >= b && strcmp(text + a - b, end) == 0;
}

static int is_inside(const char *path) {
  return dir != NULL && strncmp(path, dir, dir_length) == 0 && (path[dir_length] == '/' || path[dir_length] == 0);
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
  if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) path = boot;
  int inside = is_inside(path);
  if (!inside) {
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (marks && fd >= 0 && fd < FDS) watched[fd] = strcmp(path, marks) == 0 ? MARKS : 0;
    return fd;
  }
  int error = fault(OPEN_ERRNO, OPEN_COUNT, OPENS_FAILED);
  if (error) {
    errno = error;
    return -1;
  }
  pthread_mutex_lock(&lock);
  struct stat before;
  int existed = syscall(SYS_newfstatat, AT_FDCWD, path, &before, 0) == 0;
  int fd = (int)syscall(SYS_openat, at, path, flags, mode);
  int kept = errno;
  if (fd >= 0 && fd < FDS) {
    int folder = existed && S_ISDIR(before.st_mode);
    watched[fd] = folder ? FOLDER : FILE_ | (ends_with(path, ".db") ? DATABASE : 0) | (ends_with(path, "-wal") ? WAL : 0);
    put(OPENED, fd, flags, existed, path, (uint32_t)strlen(path));
  }
  pthread_mutex_unlock(&lock);
  errno = kept;
  return fd;
}

#define MODE                             \
  mode_t mode = 0;                       \
  if (flags & (O_CREAT | O_TMPFILE)) {   \
    va_list more;                        \
    va_start(more, flags);               \
    mode = (mode_t)va_arg(more, int);    \
    va_end(more);                        \
  }

int open(const char *path, int flags, ...) { MODE return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return open_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return open_any(at, path, flags | O_LARGEFILE, mode); }

int close(int fd) {
  if (is_watched(fd, 0xff)) {
    pthread_mutex_lock(&lock);
    put(CLOSED, fd, 0, 0, NULL, 0);
    watched[fd] = 0;
    pthread_mutex_unlock(&lock);
  }
  return (int)syscall(SYS_close, fd);
}

static int write_fault(int fd) {
  if (!numbers) return 0;
  int where = watched[fd] & DATABASE ? 1 : watched[fd] & WAL ? 2 : 4;
  return numbers[WRITE_WHERE] & where ? fault(WRITE_ERRNO, WRITE_COUNT, WRITES_FAILED) : 0;
}

static ssize_t write_watched(int fd, const void *from, size_t length, int64_t at) {
  int error = write_fault(fd);
  if (error) {
    errno = error;
    return -1;
  }
  pthread_mutex_lock(&lock);
  ssize_t done = at < 0 ? raw_write(fd, from, length) : syscall(SYS_pwrite64, fd, from, length, at);
  int kept = errno;
  if (done > 0) {
    int64_t begin = at < 0 ? syscall(SYS_lseek, fd, 0, SEEK_CUR) - done : at;
    put(WRITTEN, fd, begin, 0, from, (uint32_t)done);
  }
  pthread_mutex_unlock(&lock);
  errno = kept;
  return done;
}

ssize_t write(int fd, const void *from, size_t length) {
  if (is_watched(fd, MARKS)) {
    pthread_mutex_lock(&lock);
    put(MARK, fd, 0, 0, from, (uint32_t)length);
    pthread_mutex_unlock(&lock);
    return (ssize_t)length;
  }
  return is_watched(fd, FILE_) ? write_watched(fd, from, length, -1) : raw_write(fd, from, length);
}

static ssize_t pwrite_any(int fd, const void *from, size_t length, off64_t at) {
  return is_watched(fd, FILE_) ? write_watched(fd, from, length, at) : syscall(SYS_pwrite64, fd, from, length, at);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) { return pwrite_any(fd, from, length, at); }
ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) { return pwrite_any(fd, from, length, at); }

static int cut_any(int fd, off64_t size) {
  if (!is_watched(fd, FILE_)) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_ftruncate, fd, size);
  int kept = errno;
  if (result == 0) put(CUT, fd, size, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = kept;
  return result;
}

int ftruncate(int fd, off_t size) { return cut_any(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut_any(fd, size); }

static int sync_any(int fd, long call) {
  if (!is_watched(fd, FILE_ | FOLDER)) return (int)syscall(call, fd);
  count(SYNCS);
  int failed = 0;
  if (numbers) {
    int32_t least = numbers[SYNC_MIN_MS], most = numbers[SYNC_MAX_MS];
    if (most > 0) {
      int32_t ms = least + (most > least ? (int32_t)((uint32_t)numbers[SYNCS] * 2654435761u >> 8) % (most - least) : 0);
      struct timespec wait = {ms / 1000, (long)(ms % 1000) * 1000000L};
      nanosleep(&wait, NULL);
    }
    if (numbers[SYNC_SKIP] > 0) __sync_fetch_and_sub((int32_t *)&numbers[SYNC_SKIP], 1);
    else if (numbers[SYNC_MODE] < 0) failed = 1;
    else if (numbers[SYNC_MODE] > 0) failed = __sync_sub_and_fetch((int32_t *)&numbers[SYNC_MODE], 1) == 0;
  }
  if (failed) count(SYNCS_FAILED);
  int result = failed ? -1 : (int)syscall(call, fd);
  int kept = failed ? EIO : errno;
  pthread_mutex_lock(&lock);
  put(SYNCED, fd, 0, result, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = kept;
  return result;
}

int fsync(int fd) { return sync_any(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

int unlink(const char *path) {
  if (!is_inside(path)) return (int)syscall(SYS_unlink, path);
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_unlink, path);
  int kept = errno;
  if (result == 0) put(UNLINKED, 0, 0, 0, path, (uint32_t)strlen(path));
  pthread_mutex_unlock(&lock);
  errno = kept;
  return result;
}

int rename(const char *from, const char *to) {
  if (!is_inside(to)) return (int)syscall(SYS_rename, from, to);
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_rename, from, to);
  int kept = errno;
  if (result == 0) {
    char both[8192];
    size_t a = strlen(from), b = strlen(to);
    if (a + b + 1 <= sizeof both) {
      memcpy(both, from, a + 1);
      memcpy(both + a + 1, to, b);
      put(RENAMED, 0, 0, 0, both, (uint32_t)(a + b + 1));
    }
  }
  pthread_mutex_unlock(&lock);
  errno = kept;
  return result;
}

#define FAIL_OR(error_slot, count_slot, counter, call)           \
  int error = fault(error_slot, count_slot, counter);            \
  if (error) {                                                   \
    errno = error;                                               \
    return -1;                                                   \
  }                                                              \
  return (int)(call);

int accept(int fd, struct sockaddr *address, socklen_t *length) {
  FAIL_OR(ACCEPT_ERRNO, ACCEPT_COUNT, ACCEPTS_FAILED, syscall(SYS_accept, fd, address, length))
}
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  FAIL_OR(ACCEPT_ERRNO, ACCEPT_COUNT, ACCEPTS_FAILED, syscall(SYS_accept4, fd, address, length, flags))
}
int socket(int family, int type, int protocol) {
  FAIL_OR(SOCKET_ERRNO, SOCKET_COUNT, SOCKETS_FAILED, syscall(SYS_socket, family, type, protocol))
}

static void *map_any(void *at, size_t length, int protection, int flags, int fd, off64_t offset) {
  int error = fault(MMAP_ERRNO, MMAP_COUNT, MMAPS_FAILED);
  if (error) {
    errno = error;
    return MAP_FAILED;
  }
  return (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset);
}
void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) { return map_any(at, length, protection, flags, fd, offset); }
void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset) { return map_any(at, length, protection, flags, fd, offset); }
