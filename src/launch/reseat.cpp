// Room: launch. From one file to another without execve(2): that would begin the program anew, with
// all that the C library, the relocations and the command line cost.
#include "reseat.hpp"

#include <elf.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "cleat/base/shortcuts.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/image.hpp"

/// Where this program begins in memory; the linker gives it a name of its own.
extern "C" const Elf64_Ehdr program __asm__("__ehdr_start") __attribute__((visibility("hidden")));

namespace cleat::launch {
namespace {

std::uintptr_t page_size() { return ::getauxval(AT_PAGESZ); }
std::uintptr_t page_of(std::uintptr_t address) { return address & ~(page_size() - 1); }
std::uintptr_t page_after(std::uintptr_t address) { return page_of(address + page_size() - 1); }

// NOLINTNEXTLINE(performance-no-int-to-ptr): the addresses are numbers in the headers
std::byte* at(std::uintptr_t address) { return reinterpret_cast<std::byte*>(address); }

std::uintptr_t beginning() { return reinterpret_cast<std::uintptr_t>(&program); }

std::span<const Elf64_Phdr> headers() {
    const auto* first = at(beginning() + program.e_phoff);
    return {reinterpret_cast<const Elf64_Phdr*>(first), program.e_phnum};
}

/// Of the first segment, which nothing relocates; the linker's hash of all the others is in it.
Result<void> check_same(int copy) {
    std::array<std::byte, 4096> bytes{};
    const auto first = std::ranges::find(headers(), Elf64_Word{PT_LOAD}, &Elf64_Phdr::p_type);
    const auto size = std::min<std::size_t>(first->p_filesz, bytes.size());
    const auto got = ::pread(copy, bytes.data(), size, static_cast<off_t>(first->p_offset));
    if (got < 0) return fail_errno("read own sealed copy", errno);
    if (static_cast<std::size_t>(got) != size ||
        std::memcmp(bytes.data(), at(beginning()), size) != 0)
        return fail(ErrorKind::System, "own executable was replaced");
    return {};
}

int protection_of(const Elf64_Phdr& segment) {
    return ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
           ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
}

/// The same bytes at the same place: this very code goes on in the new mapping.
Result<void> map_anew(const Elf64_Phdr& segment, int copy) {
    const auto start = page_of(beginning() + segment.p_vaddr);
    const auto size = page_after(beginning() + segment.p_vaddr + segment.p_filesz) - start;
    if (::mmap(at(start), size, protection_of(segment), MAP_PRIVATE | MAP_FIXED, copy,
               static_cast<off_t>(page_of(segment.p_offset))) == MAP_FAILED)
        return fail_errno("map own sealed copy", errno);
    return {};
}

/// Pages of this process, by their addresses.
struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

/// What the program has written since it began, in a file of its own that nobody can change.
Result<sys::Fd> written_copy(const Range& data) {
    constexpr unsigned kNeverExecuted = 0x8;  // MFD_NOEXEC_SEAL, memfd_create(2); Linux 6.3
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    sys::Fd file(::memfd_create("cleat", kFlags | kNeverExecuted));
    if (!file && errno == EINVAL) file = sys::Fd(::memfd_create("cleat", kFlags));
    if (!file) return fail_errno("make memory for own data", errno);
    for (auto next = data.begin; next < data.end;) {
        const auto written = ::write(file.get(), at(next), data.end - next);
        if (written < 0) return fail_errno("copy own data", errno);
        next += static_cast<std::uintptr_t>(written);
    }
    constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (::fcntl(file.get(), F_ADD_SEALS, kSeals) < 0) return fail_errno("seal own data", errno);
    return file;
}

/// The data is not what the file has, so it goes on in memory of no other file. From when it is
/// written there nothing may change: no malloc(3), no static variable. What relocations have made,
/// and nobody writes to any more, is mapped as it is; the rest is private from the beginning.
Result<void> move_data(const Range& data, const Range& relocated) {
    const sys::Fd file = TRY(written_copy(data));
    const auto map = [&](const Range& part, int protection) -> Result<void> {
        if (part.begin == part.end) return {};
        if (::mmap(at(part.begin), part.end - part.begin, protection,
                   MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file.get(),
                   static_cast<off_t>(part.begin - data.begin)) == MAP_FAILED)
            return fail_errno("map own data", errno);
        return {};
    };
    TRY(map({relocated.end, data.end}, PROT_READ | PROT_WRITE));
    return map({data.begin, relocated.end}, PROT_READ);
}

/// The linker begins the writable segment with what is relocated.
Range relocated_part(const Range& data) {
    for (const auto& segment : headers()) {
        const auto begin = page_of(beginning() + segment.p_vaddr);
        if (segment.p_type == PT_GNU_RELRO && begin == data.begin)
            return {begin, page_of(beginning() + segment.p_vaddr + segment.p_memsz)};
    }
    return {data.begin, data.begin};
}

Result<void> move_segments(int copy) {
    for (const auto& segment : headers()) {
        if (segment.p_type != PT_LOAD) continue;
        if ((segment.p_flags & PF_W) == 0) {
            TRY(map_anew(segment, copy));
            continue;
        }
        const auto begin = beginning() + segment.p_vaddr;
        const Range data{page_of(begin), page_after(begin + segment.p_filesz)};
        TRY(move_data(data, relocated_part(data)));
    }
    return {};
}

/// The fields of proc_pid_stat(5) from the third on.
std::vector<std::uint64_t> numbers_of(std::string_view stat) {
    std::vector<std::uint64_t> numbers;
    const auto command_end = stat.rfind(')');
    if (command_end == std::string_view::npos) return numbers;
    for (auto rest = stat.substr(command_end + 1); !rest.empty();) {
        rest.remove_prefix(1);
        const auto end = std::min(rest.find(' '), rest.find('\n'));
        numbers.push_back(parse_number<std::uint64_t>(rest.substr(0, end)).value_or(0));
        rest.remove_prefix(std::min(end, rest.size()));
    }
    return numbers;
}

/// What the kernel says of this process' memory, with another executable.
Result<::prctl_mm_map> memory_map(int executable) {
    constexpr std::size_t kFirst = 3;
    constexpr std::size_t kFields = 52;
    const auto numbers = numbers_of(TRY(sys::read_record_at(sys::kHere, "/proc/self/stat")));
    if (numbers.size() + kFirst < kFields)
        return fail(ErrorKind::System, "/proc/self/stat is too short");
    const auto field = [&numbers](std::size_t number) { return numbers[number - kFirst]; };
    return ::prctl_mm_map{.start_code = field(26),
                          .end_code = field(27),
                          .start_data = field(45),
                          .end_data = field(46),
                          .start_brk = field(47),
                          .brk = 0,
                          .start_stack = field(28),
                          .arg_start = field(48),
                          .arg_end = field(49),
                          .env_start = field(50),
                          .env_end = field(51),
                          .auxv = nullptr,
                          .auxv_size = 0,
                          .exe_fd = static_cast<__u32>(executable)};
}

}  // namespace

Result<void> reseat_on(int copy) {
#ifdef __SANITIZE_ADDRESS__
    constexpr bool kWhole = false;
#else
    constexpr bool kWhole = kShortcuts;
#endif
    if (!kWhole) return fail(ErrorKind::Unsupported, "the data has parts that may not be read");
    TRY(check_same(copy));
    TRY(move_segments(copy));
    sys::map_working_image(sys::Kin::Itself);
    auto map = TRY(memory_map(copy));
    map.brk = reinterpret_cast<std::uintptr_t>(::sbrk(0));  // after the last allocation
    if (::prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) < 0)
        return fail_errno("set own executable", errno);
    return {};
}

}  // namespace cleat::launch
