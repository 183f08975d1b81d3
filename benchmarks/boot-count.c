/*
 * QEMU plugin: counts the guest instructions that were executed and those that were translated, into a file that others
 * read meanwhile. Unlike seconds, the counts do not depend on what else the machine does.
 * Declarations as in qemu-plugin.h of QEMU 7.2 (API version 1), which Debian has no package of.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct qemu_plugin_tb;
typedef uint64_t qemu_plugin_id_t;
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { EXECUTED, TRANSLATED, COUNTERS };
enum { ADD_U64 = 0 };
static uint64_t *counters;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    uint64_t instructions = qemu_plugin_tb_n_insns(block);
    (void)id;
    counters[TRANSLATED] += instructions;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &counters[EXECUTED], instructions);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    const char *name = "counts=";
    size_t size = COUNTERS * sizeof(*counters);
    int file;
    (void)info;
    if (argc != 1 || strncmp(argv[0], name, strlen(name)) != 0)
        return -1;
    file = open(argv[0] + strlen(name), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, size) != 0)
        return -1;
    counters = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (counters == MAP_FAILED)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
