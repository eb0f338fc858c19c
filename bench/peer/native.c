/*
 * The module translated to C by wabt's wasm2c (irqlab.c), driven line by line: what the same code costs without an engine.
 *
 *   native START
 *
 * START is the memory of a machine as the host has filled it, before `complete`. A line of stdin is a command, and each is
 * answered by a line: nanoseconds of CPU time, and what it returned last.
 *
 *   cycles TIMES N      runCycles(N), so many times
 *   list FILE N         the list of N operations in FILE is the one that `batch` executes
 *   batch TIMES N       batchRun(N), so many times
 *   digest              0, and the digest of the state
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "irqlab.h"

#define WORDS_OF_AN_OPERATION 6
#define PAGE 65536

static Z_irqlab_instance_t machine;

static void fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static uint64_t spent(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t load_file(const char* path, uint8_t** bytes) {
  FILE* file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail("cannot open a file");
  long length = ftell(file);
  rewind(file);
  *bytes = malloc((size_t)length);
  if (!*bytes || fread(*bytes, 1, (size_t)length, file) != (size_t)length) fail("cannot read a file");
  fclose(file);
  return (size_t)length;
}

/* As `startFrom` in translated.ts: layout is computed from what the image says, and changes the image. */
static void start(const char* path) {
  uint8_t* image;
  size_t length = load_file(path, &image);
  wasm_rt_memory_t* memory = Z_irqlabZ_memory(&machine);
  if (length / PAGE > memory->pages && wasm_rt_grow_memory(memory, length / PAGE - memory->pages) == (uint32_t)-1)
    fail("out of memory");
  memcpy(memory->data, image, length);
  if (Z_irqlabZ_prepare(&machine) == 0) fail("prepare");
  memcpy(memory->data, image, length);
  if (Z_irqlabZ_create(&machine) == 0) fail("create");
  memcpy(memory->data, image, length);
  free(image);
  Z_irqlabZ_complete(&machine);
  Z_irqlabZ_timedBegin(&machine);
}

static void set_list(const char* path, uint32_t n) {
  uint8_t* words;
  size_t length = load_file(path, &words);
  uint32_t at = Z_irqlabZ_batchAt(&machine, n);
  if (at == 0 || length != (size_t)n * WORDS_OF_AN_OPERATION * 4) fail("the list does not fit");
  memcpy(Z_irqlabZ_memory(&machine)->data + at, words, length);
  free(words);
}

int main(int argc, char** argv) {
  if (argc != 2) fail("native START");
  wasm_rt_init();
  Z_irqlab_init_module();
  Z_irqlab_instantiate(&machine);
  start(argv[1]);
  printf("0 0\n");
  fflush(stdout);
  char line[4352], path[4096];
  uint64_t times, cycles;
  uint32_t n;
  while (fgets(line, sizeof line, stdin)) {
    uint64_t result = 0, began = spent();
    if (sscanf(line, "cycles %" SCNu64 " %" SCNu64, &times, &cycles) == 2) {
      while (times-- > 0) result = Z_irqlabZ_runCycles(&machine, (uint32_t)cycles, (uint32_t)(cycles >> 32));
    } else if (sscanf(line, "batch %" SCNu64 " %" SCNu32, &times, &n) == 2) {
      while (times-- > 0) result = Z_irqlabZ_batchRun(&machine, n);
    } else if (sscanf(line, "list %4095s %" SCNu32, path, &n) == 2) {
      set_list(path, n);
    } else if (strcmp(line, "digest\n") == 0) {
      uint64_t low = Z_irqlabZ_stateDigest(&machine);
      result = (uint64_t)Z_irqlabZ_highWord(&machine) << 32 | low;
      began = spent();
    } else {
      fail("no such command");
    }
    printf("%" PRIu64 " %" PRIu64 "\n", spent() - began, result);
    fflush(stdout);
  }
  return 0;
}
