// Room: cli. The first instructions of the program, before the C library's. It relocates itself
// then, which writes to nearly every page of its data: a fault and a copy for each; and each part
// of the text is mapped when it is first run. Three of madvise(2) have the kernel do all that at
// once: map what the short commands run, map what is only read, and copy the data. Where there is
// no MADV_POPULATE_READ (before Linux 5.14) they fail, and the pages come one by one as ever.
//
// Nothing is relocated yet and there is no stack frame, hence the assembler; registers are as the
// kernel has left them when _start runs (elf(5), System V ABI). The first array of the read-only
// data is on its first page. src/cli/hot.ld says where the hot text ends.
#ifdef __x86_64__

asm(R"(
    .pushsection .text.startup.cleat_begin, "ax", @progbits
    .globl cleat_begin
    .hidden __ehdr_start
    .hidden cleat_hot_end
    .hidden etext
    .hidden __init_array_start
    .hidden _end
    .type cleat_begin, @function
cleat_populate:                     # %rdi to %rsi, in the way of %edx
    and $-4096, %rdi
    sub %rdi, %rsi
    mov $28, %eax                   # madvise
    syscall
    ret
cleat_begin:
    endbr64
    push %rdx
    lea __ehdr_start(%rip), %rdi
    lea cleat_hot_end(%rip), %rsi
    mov $22, %edx                   # MADV_POPULATE_READ
    call cleat_populate
    lea etext+4095(%rip), %rdi
    lea __init_array_start(%rip), %rsi
    and $-4096, %rsi
    call cleat_populate
    lea __init_array_start(%rip), %rdi
    lea _end(%rip), %rsi
    mov $23, %edx                   # MADV_POPULATE_WRITE
    call cleat_populate
    pop %rdx
    jmp _start
    .size cleat_begin, . - cleat_begin
    .popsection
)");

#endif
