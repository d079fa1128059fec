// Room: cli. The first instructions of the program, before the C library's. It relocates itself
// then, which writes to nearly every page of its data: a fault and a copy for each, and half of all
// that a `state` takes. One madvise(2) has the kernel make all copies at once; where there is no
// MADV_POPULATE_WRITE (before Linux 5.14) it fails, and the pages come one by one as ever.
//
// Nothing is relocated yet and there is no stack frame, hence the assembler; registers are as the
// kernel has left them when _start runs (elf(5), System V ABI). The first array of the read-only
// data is on its first page.
#ifdef __x86_64__

asm(R"(
    .pushsection .text.startup.cleat_begin, "ax", @progbits
    .globl cleat_begin
    .hidden __init_array_start
    .hidden _edata
    .type cleat_begin, @function
cleat_begin:
    endbr64
    push %rdx
    lea __init_array_start(%rip), %rdi
    and $-4096, %rdi
    lea _edata+4095(%rip), %rsi
    sub %rdi, %rsi
    and $-4096, %rsi
    mov $23, %edx                   # MADV_POPULATE_WRITE
    mov $28, %eax                   # madvise
    syscall
    pop %rdx
    jmp _start
    .size cleat_begin, . - cleat_begin
    .popsection
)");

#endif
