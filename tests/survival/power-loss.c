/*
 * A disk that forgets. Preloaded into a process, it notes beside a folder (CARDEA_DISK) what a loss of power would
 * leave of it (in CARDEA_DURABLE):
 *
 *   <id>       the bytes of a file, as they were when that file was last synced
 *   <id>.dir   the names in a folder, one "id name" a line, as they were when that folder was last synced
 *   root       the id of CARDEA_DISK
 *
 * So a name counts when its folder was synced, and bytes count when their file was: the strictest reading of POSIX.
 * What is in the folder when the process starts is on the disk. Whoever kills the process puts the rest together.
 *
 * CARDEA_FORGETS is the end of a name: the syncs of such files say that they are done, and are not. Tests plant it.
 *
 * Notes are made under another name first: killed within a sync, the disk has what it had before, and nobody was told
 * anything. Writes need no hook, as nothing but a sync makes them durable; nor does shared memory, which is no file
 * that anybody syncs.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static const char *disk, *durable, *forgets;

/* What cannot be noted must fail the test, and not pass it. */
static void give_up(const char *path) {
  fprintf(stderr, "power-loss: %s: %s\n", path, strerror(errno));
  abort();
}

/* Numbers of files come again when a file is gone, the moment of its birth does not. */
static void id_of(int folder, const char *name, char *id, size_t size) {
  struct statx about;
  int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
  if (statx(folder, name, flags, STATX_INO | STATX_BTIME, &about) != 0) {
    if (errno == ENOENT) snprintf(id, size, "gone");
    else give_up(name);
    return;
  }
  snprintf(id, size, "%llu-%lld-%u", (unsigned long long)about.stx_ino, (long long)about.stx_btime.tv_sec,
           about.stx_btime.tv_nsec);
}

static FILE *begin_note(const char *id, const char *kind, char *path) {
  snprintf(path, PATH_MAX, "%s/%s%s", durable, id, kind);
  char fresh[PATH_MAX + 4];
  snprintf(fresh, sizeof fresh, "%s.new", path);
  FILE *note = fopen(fresh, "w");
  if (note == NULL) give_up(fresh);
  return note;
}

static void end_note(FILE *note, const char *path) {
  char fresh[PATH_MAX + 4];
  snprintf(fresh, sizeof fresh, "%s.new", path);
  if (fclose(note) != 0 || rename(fresh, path) != 0) give_up(path);
}

static void note_file(int fd, const char *name) {
  char id[80], path[PATH_MAX];
  static char bytes[1 << 16];
  id_of(fd, "", id, sizeof id);
  FILE *note = begin_note(id, "", path);
  off_t at = 0;
  ssize_t got;
  /* By the descriptor itself: to close another of the same file would drop the locks of its owner. */
  while ((got = pread(fd, bytes, sizeof bytes, at)) > 0) {
    if (fwrite(bytes, 1, (size_t)got, note) != (size_t)got) give_up(path);
    at += got;
  }
  if (got < 0) give_up(name);
  end_note(note, path);
}

static void note_folder(int fd, const char *name) {
  char id[80], path[PATH_MAX];
  id_of(fd, "", id, sizeof id);
  FILE *note = begin_note(id, ".dir", path);
  DIR *folder = opendir(name);
  if (folder == NULL) give_up(name);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    id_of(dirfd(folder), entry->d_name, id, sizeof id);
    fprintf(note, "%s %s\n", id, entry->d_name);
  }
  closedir(folder);
  end_note(note, path);
}

static void note(int fd, const char *name) {
  struct stat about;
  if (fstat(fd, &about) != 0) give_up(name);
  if (S_ISDIR(about.st_mode)) note_folder(fd, name);
  else if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) note_file(fd, name);
  else {
    int readable = open(name, O_RDONLY | O_CLOEXEC);
    if (readable < 0) give_up(name);
    note_file(readable, name);
    close(readable);
  }
}

static int note_first(const char *name, const struct stat *about, int kind, struct FTW *where) {
  (void)about, (void)kind, (void)where;
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up(name);
  note(fd, name);
  close(fd);
  return 0;
}

__attribute__((constructor)) static void start(void) {
  disk = getenv("CARDEA_DISK");
  durable = getenv("CARDEA_DURABLE");
  forgets = getenv("CARDEA_FORGETS");
  if (disk == NULL || durable == NULL || mkdir(durable, 0700) != 0) return;
  nftw(disk, note_first, 16, FTW_PHYS);
  char id[80], path[PATH_MAX];
  id_of(AT_FDCWD, disk, id, sizeof id);
  FILE *root = begin_note("root", "", path);
  fputs(id, root);
  end_note(root, path);
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), wanted = strlen(end);
  return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static int sync_noted(int fd) {
  char link[64], name[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, name, sizeof name - 1);
  if (length < 0) {
    errno = EBADF;
    return -1;
  }
  name[length] = '\0';
  if (disk == NULL || durable == NULL || strncmp(name, disk, strlen(disk)) != 0) return 0;
  if (forgets != NULL && ends_with(name, forgets)) return 0;
  pthread_mutex_lock(&one_at_a_time);
  note(fd, name);
  pthread_mutex_unlock(&one_at_a_time);
  return 0;
}

int fsync(int fd) { return sync_noted(fd); }

int fdatasync(int fd) { return sync_noted(fd); }
