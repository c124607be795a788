/* Shifts the calendar clock of a process; what measures durations stays real.  See clock.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long long shift;
__attribute__((constructor)) static void begin(void) {
  const char *said = getenv("TESTBED_CLOCK_SHIFT");
  shift = said ? atoll(said) : 0;
}
/* glibc keeps an older pthread_cond_timedwait of the same name, which dlsym would find first. */
static void *following(const char *name) {
  void *found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
  return found ? found : dlsym(RTLD_NEXT, name);
}
#define NEXT(name) static __typeof__(name) *next; if (!next) next = (__typeof__(name) *)following(#name)
static int calendar(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI; }
static struct timespec real(const struct timespec *until) {
  struct timespec moved = *until;
  /* A deadline of a few decades at most is one of the monotonic clock, which starts with the machine. */
  if (moved.tv_sec > 600000000) moved.tv_sec -= shift;
  return moved;
}

int clock_gettime(clockid_t id, struct timespec *now) {
  NEXT(clock_gettime);
  int result = next(id, now);
  if (!result && calendar(id)) now->tv_sec += shift;
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  NEXT(gettimeofday);
  int result = next(now, zone);
  if (!result && now) now->tv_sec += shift;
  return result;
}
time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
int timespec_get(struct timespec *now, int base) {
  return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, now) ? base : 0;
}
int clock_nanosleep(clockid_t id, int flags, const struct timespec *span, struct timespec *left) {
  NEXT(clock_nanosleep);
  if (!calendar(id) || !(flags & TIMER_ABSTIME)) return next(id, flags, span, left);
  struct timespec until = real(span);
  return next(id, flags, &until, left);
}
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
  NEXT(sem_timedwait);
  struct timespec until = real(deadline);
  return next(semaphore, &until);
}
int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
  NEXT(pthread_mutex_timedlock);
  struct timespec until = real(deadline);
  return next(mutex, &until);
}
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
  NEXT(pthread_cond_timedwait);
  struct timespec until = real(deadline);
  return next(condition, mutex, &until);
}
