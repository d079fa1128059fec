// steps PROGRAM ARGUMENT…: runs it and writes, in callgrind's way, the address of each instruction that it and its
// children executed, for tools/hot-text; those of the children come last, behind a line "# children". A child is left
// alone once it executes another file. Addresses are those of the linker's map. Slow: two switches of process an
// instruction.
//   g++ -std=c++23 -O2 tools/steps.cpp -o steps
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace {

constexpr long kOptions = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;

struct Image {
    unsigned long begin = 0;
    unsigned long end = 0;
};

/// Where the program lies: from its first mapping to where another file's begin.
Image image_of(pid_t pid, const std::string& name) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    Image image;
    for (std::string line; std::getline(maps, line);) {
        if (!line.ends_with("/" + name)) continue;
        char* dash = nullptr;
        const auto begin = std::strtoul(line.c_str(), &dash, 16);
        if (image.begin == 0) image.begin = begin;
        image.end = std::strtoul(dash + 1, nullptr, 16);
    }
    return image;
}

unsigned long instruction_of(pid_t pid) {
    ::user_regs_struct registers{};
    ::iovec vector{.iov_base = &registers, .iov_len = sizeof registers};
    return ::ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &vector) < 0 ? 0 : registers.rip;
}

class Steps {
 public:
    Steps(std::string name, pid_t first) : name_(std::move(name)), first_(first) {}

    /// A process has stopped: notes where it is, and lets it do one more instruction.
    void stopped(pid_t pid, int status) {
        const int event = status >> 16;
        const int signal = WSTOPSIG(status);
        auto known = images_.try_emplace(pid);
        if (known.second || event == PTRACE_EVENT_EXEC) known.first->second = image_of(pid, name_);
        const Image& image = known.first->second;
        if (image.begin == 0) {
            ::ptrace(PTRACE_DETACH, pid, 0, 0);
            images_.erase(pid);
            return;
        }
        const auto address = instruction_of(pid);
        if (address >= image.begin && address < image.end)
            (pid == first_ ? seen_ : seen_by_children_).insert(address - image.begin);
        const bool ours = signal == SIGTRAP || signal == SIGSTOP || signal == (SIGTRAP | 0x80);
        ::ptrace(PTRACE_SINGLESTEP, pid, 0, ours ? 0 : signal);
    }

    void gone(pid_t pid) { images_.erase(pid); }

    void print() const {
        for (const auto address : seen_) std::printf("0x%lx 1\n", address);
        std::puts("# children");
        for (const auto address : seen_by_children_) std::printf("0x%lx 1\n", address);
    }

 private:
    std::string name_;
    pid_t first_;
    std::map<pid_t, Image> images_;
    std::set<unsigned long> seen_;
    std::set<unsigned long> seen_by_children_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, 0, 0);
        static_cast<void>(::dup2(STDERR_FILENO, STDOUT_FILENO));
        ::execv(argv[1], argv + 1);
        ::_exit(127);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return 1;
    ::ptrace(PTRACE_SETOPTIONS, child, 0, kOptions);
    const char* slash = std::strrchr(argv[1], '/');
    Steps steps(slash == nullptr ? argv[1] : slash + 1, child);
    steps.stopped(child, status | PTRACE_EVENT_EXEC << 16);
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFSTOPPED(status))
            steps.stopped(pid, status);
        else
            steps.gone(pid);
    }
    steps.print();
}
