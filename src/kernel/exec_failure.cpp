// Room: kernel. Why a file that is there does not run. Runs in init when execve(2) has failed: as
// the container's user, inside its root, perhaps under its seccomp filter. What cannot be found out
// is left out; the file is data that nobody vouches for.
#include "exec_failure.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::kernel {
namespace {

struct Machine {
    std::uint16_t number;
    std::string_view name;
};

constexpr Machine kMachines[] = {
    {EM_X86_64, "x86_64"},   {EM_386, "i386"},
    {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
    {EM_RISCV, "riscv"},     {EM_PPC64, "ppc64"},
    {EM_PPC, "ppc"},         {EM_S390, "s390x"},
    {EM_MIPS, "mips"},       {EM_LOONGARCH, "loongarch"},
    {EM_SPARCV9, "sparc64"},
};

constexpr std::string_view own_machine() {
#if defined(__x86_64__)
    return "x86_64";
#elif defined(__aarch64__)
    return "aarch64";
#elif defined(__riscv)
    return "riscv";
#elif defined(__powerpc64__)
    return "ppc64";
#elif defined(__s390x__)
    return "s390x";
#else
    return "another machine";
#endif
}

std::string machine_name(std::uint16_t number) {
    for (const auto& machine : kMachines)
        if (machine.number == number) return std::string(machine.name);
    return concat("ELF machine ", number);
}

/// The beginning of a file; empty if it cannot be read.
std::string read_at(int fd, std::uint64_t offset, std::size_t size) {
    std::string text(size, '\0');
    const auto got = ::pread(fd, text.data(), size, static_cast<off_t>(offset));
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

/// A structure that lies in the file's bytes; nullopt if they are too few.
template <class T>
std::optional<T> copy_of(std::string_view bytes) {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
    return value;
}

/// PT_INTERP of an ELF file of one class, "" if it has none or is odd.
template <class Header, class Segment>
std::string loader_of(int fd, std::string_view start) {
    constexpr std::size_t kMaxSegments = 128;
    constexpr std::uint64_t kMaxPath = 4096;
    const auto header = copy_of<Header>(start);
    if (!header || header->e_phentsize != sizeof(Segment)) return {};
    const auto count = std::min<std::size_t>(header->e_phnum, kMaxSegments);
    const std::string table = read_at(fd, header->e_phoff, count * sizeof(Segment));
    for (std::size_t i = 0; i < count; ++i) {
        const auto segment = copy_of<Segment>(
            std::string_view(table).substr(std::min(table.size(), i * sizeof(Segment))));
        if (!segment || segment->p_type != PT_INTERP) continue;
        const std::string path =
            read_at(fd, segment->p_offset, std::min<std::uint64_t>(segment->p_filesz, kMaxPath));
        return path.c_str();  // it ends with a NUL in the file
    }
    return {};
}

bool is_elf(std::string_view start) { return start.starts_with(ELFMAG); }

std::string elf_loader(int fd, std::string_view start) {
    if (start.size() <= EI_CLASS) return {};
    return start[EI_CLASS] == ELFCLASS32 ? loader_of<Elf32_Ehdr, Elf32_Phdr>(fd, start)
                                         : loader_of<Elf64_Ehdr, Elf64_Phdr>(fd, start);
}

/// What a script's first line names, "" if the file is no script.
std::string script_interpreter(std::string_view start) {
    if (!start.starts_with("#!")) return {};
    auto line = start.substr(2, start.find('\n') == std::string_view::npos ? std::string_view::npos
                                                                           : start.find('\n') - 2);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
    return std::string(line.substr(0, line.find_first_of(" \t")));
}

bool is_missing(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) < 0 && errno == ENOENT;
}

constexpr std::size_t kStart = 4096;

/// ENOENT though the file is there: something that it needs is not. Interpreters may be scripts,
/// as deep as the kernel goes (fs/exec.c).
std::string missing_part(const std::string& path) {
    constexpr int kDepth = 5;
    std::string file = path;
    for (int i = 0; i < kDepth; ++i) {
        const auto fd = sys::open_at(sys::kHere, file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (!fd) return {};
        const std::string start = read_at(fd->get(), 0, kStart);
        const bool elf = is_elf(start);
        std::string needed = elf ? elf_loader(fd->get(), start) : script_interpreter(start);
        if (needed.empty()) return {};
        if (is_missing(needed))
            return concat(elf ? "its ELF loader " : "the interpreter ", quoted(needed),
                          elf ? "" : " of its first line", " does not exist",
                          needed.ends_with('\r') ? " (the line ends with a carriage return)" : "");
        file = std::move(needed);
    }
    return {};
}

/// ENOEXEC: not for this machine, or not a program.
std::string wrong_format(const std::string& path) {
    const auto fd = sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return {};
    const std::string start = read_at(fd->get(), 0, kStart);
    if (start.empty()) return "the file is empty";
    if (!is_elf(start)) {
        const bool script = start.starts_with("#!");
        return script ? "its first line names no interpreter"
                      : "neither an ELF file nor a script with #!";
    }
    // e_machine lies at the same place in both classes.
    const auto header = copy_of<Elf32_Ehdr>(start);
    if (!header) return "the ELF file is cut off";
    const std::string machine = machine_name(header->e_machine);
    if (machine == own_machine()) return "the ELF file is not a program that this kernel runs";
    return concat("built for ", machine, ", this machine is ", own_machine());
}

/// The first directory of the path that this user may not enter, "" if there is none.
std::string closed_directory(const std::string& path) {
    for (auto end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
        std::string directory = path.substr(0, end);
        if (::faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) < 0 && errno == EACCES)
            return directory;
    }
    return {};
}

bool is_on_noexec(const std::string& path) {
    struct ::statvfs status{};
    return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_NOEXEC) != 0;
}

/// EACCES: the mount, a directory on the way, the mode, or the same of the interpreter.
std::string refusal(const std::string& path) {
    if (const auto directory = closed_directory(path); !directory.empty())
        return concat("uid ", ::geteuid(), " may not enter ", quoted(directory));
    if (is_on_noexec(path)) return "it lies on a mount with noexec";
    if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) < 0)
        return concat("uid ", ::geteuid(), " may not execute it");
    const auto fd = sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return {};
    const std::string start = read_at(fd->get(), 0, kStart);
    const std::string needed =
        is_elf(start) ? elf_loader(fd->get(), start) : script_interpreter(start);
    if (needed.empty()) return {};
    return concat("uid ", ::geteuid(), " may not execute its interpreter ", quoted(needed),
                  is_on_noexec(needed) ? ", which lies on a mount with noexec" : "");
}

std::string cause_of(const std::string& path, int errno_value) {
    switch (errno_value) {
        case ENOENT:
            return missing_part(path);
        case ENOEXEC:
            return wrong_format(path);
        case EACCES:
            return refusal(path);
        case ETXTBSY:
            return "the file is open for writing";
        case ELOOP:
            return "too many symbolic links, or interpreters of interpreters";
        default:
            return {};
    }
}

}  // namespace

Error explain_exec_failure(const std::string& path, int errno_value) {
    std::string what = concat("exec: ", quoted(path));
    const std::string cause = cause_of(path, errno_value);
    if (!cause.empty()) what += concat(": ", cause);
    return Error{.kind = ErrorKind::System, .errno_value = errno_value, .what = std::move(what)};
}

}  // namespace cleat::kernel
