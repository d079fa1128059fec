// Tests of room kernel: finding a program, and why one does not run.
#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "forked.hpp"

using namespace cleat;

namespace {

/// A directory with programs, some of them broken.
class Programs {
 public:
    Programs() {
        if (::mkdtemp(path_.data()) == nullptr) path_.clear();
        ::chmod(path_.c_str(), 0755);
    }
    Programs(const Programs&) = delete;
    Programs& operator=(const Programs&) = delete;
    ~Programs() {
        // What was made last first: files before the directories that they are in.
        for (auto name = names_.rbegin(); name != names_.rend(); ++name) {
            ::unlink(at(*name).c_str());
            ::rmdir(at(*name).c_str());
        }
        ::rmdir(path_.c_str());
    }

    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const std::string& path() const { return path_; }

    std::string add(const std::string& name, std::string_view text, mode_t mode = 0755) {
        names_.push_back(name);
        const auto file = sys::open_at(sys::kHere, at(name).c_str(), O_WRONLY | O_CREAT, mode);
        REQUIRE(file);
        REQUIRE(sys::write_all(file->get(), text));
        return at(name);
    }
    std::string add_directory(const std::string& name) {
        names_.push_back(name);
        ::mkdir(at(name).c_str(), 0755);
        return at(name);
    }

 private:
    std::string path_ = "/tmp/cleat-exec-XXXXXX";
    std::vector<std::string> names_;
};

/// What FindExecutable says: the path that it found, or the error.
std::string find(const std::string& name, const std::string& path) {
    kernel::Context context;
    context.env = {"A=b", "PATH=" + path};
    const auto done = kernel::apply(plan::FindExecutable{name}, context);
    return done ? context.executable : describe(done.error());
}

/// Why the file cannot be executed.
std::string why(const std::string& path) {
    kernel::Context context;
    context.executable = path;
    const auto done = kernel::apply(plan::Exec{.args = {path}, .env = {}}, context);
    std::string text = describe(done.error());
    const auto place = text.find(path);
    return place == std::string::npos ? text : text.replace(place, path.size(), "FILE");
}

/// An ELF program for this machine or another one, with a loader.
std::string elf(std::uint16_t machine, std::string_view loader) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = PT_INTERP;
    segment.p_offset = sizeof header + sizeof segment;
    segment.p_filesz = loader.size() + 1;
    std::string text(reinterpret_cast<const char*>(&header), sizeof header);
    text.append(reinterpret_cast<const char*>(&segment), sizeof segment);
    return text.append(loader).append(1, '\0');
}

#if defined(__x86_64__)
constexpr std::uint16_t kOwnMachine = EM_X86_64;
constexpr std::string_view kOwnName = "x86_64";
#else
constexpr std::uint16_t kOwnMachine = EM_AARCH64;
constexpr std::string_view kOwnName = "aarch64";
#endif

}  // namespace

TEST_CASE("a name without a slash is looked up in the container's PATH") {
    Programs programs;
    programs.add_directory("a");
    programs.add_directory("b");
    const auto tool = programs.add("b/tool", "#!/bin/sh\n");
    CHECK(find("tool", programs.at("a") + ":" + programs.at("b")) == tool);
    CHECK(find("tool", programs.at("a")) ==
          "exec: \"tool\": executable file not found in $PATH: no such file or directory [ENOENT]");
    CHECK(find("", programs.at("a")) == "exec: \"\": no such file or directory [ENOENT]");
}

TEST_CASE("a file that is not executable hides no later one") {
    Programs programs;
    programs.add_directory("a");
    programs.add_directory("b");
    programs.add("a/tool", "x", 0644);
    const std::string both = programs.at("a") + ":" + programs.at("b");
    CHECK(find("tool", both) == "exec: \"tool\": permission denied [EACCES]");
    const auto tool = programs.add("b/tool", "x");
    CHECK(find("tool", both) == tool);
}

TEST_CASE("without a PATH the usual directories are searched") {
    kernel::Context context;
    REQUIRE(kernel::apply(plan::FindExecutable{"sh"}, context));
    CHECK(context.executable.ends_with("/bin/sh"));
}

TEST_CASE("an empty part of PATH is the working directory") {
    Programs programs;
    programs.add("here-tool", "x");
    const auto text = test::text_from_child([&] {
        if (::chdir(programs.path().c_str()) < 0) return std::string("chdir");
        return find("here-tool", "/nowhere:");
    });
    CHECK(text == "./here-tool");
}

TEST_CASE("a path is taken as it is and must be an executable file") {
    Programs programs;
    const auto good = programs.add("good", "x");
    const auto plain = programs.add("plain", "x", 0644);
    CHECK(find(good, "") == good);
    CHECK(find(plain, "") == "exec: \"" + plain + "\": permission denied [EACCES]");
    CHECK(find(programs.path(), "") ==
          "exec: \"" + programs.path() + "\": is a directory: permission denied [EACCES]");
    CHECK(find("/no/where", "") == "exec: \"/no/where\": no such file or directory [ENOENT]");
}

TEST_CASE("a missing interpreter is named") {
    Programs programs;
    CHECK(why(programs.add("script", "#! /no/such/shell -e\nx\n")) ==
          "exec: \"FILE\": the interpreter \"/no/such/shell\" of its first line does not exist: "
          "no such file or directory [ENOENT]");
    CHECK(why(programs.add("dos", "#!/bin/sh\r\nx\r\n")) ==
          "exec: \"FILE\": the interpreter \"/bin/sh\\u000d\" of its first line does not exist "
          "(the line ends with a carriage return): no such file or directory [ENOENT]");
}

TEST_CASE("a missing loader is named, also that of an interpreter") {
    Programs programs;
    const auto program = programs.add("program", elf(kOwnMachine, "/lib/no-such-loader.so"));
    CHECK(why(program) ==
          "exec: \"FILE\": its ELF loader \"/lib/no-such-loader.so\" does not exist: "
          "no such file or directory [ENOENT]");
    CHECK(why(programs.add("script", "#!" + program + "\n")) ==
          "exec: \"FILE\": its ELF loader \"/lib/no-such-loader.so\" does not exist: "
          "no such file or directory [ENOENT]");
}

TEST_CASE("a program for another machine says which") {
    Programs programs;
    CHECK(why(programs.add("foreign", elf(EM_S390, "/lib/ld.so"))) ==
          "exec: \"FILE\": built for s390x, this machine is " + std::string(kOwnName) +
              ": exec format error [ENOEXEC]");
}

TEST_CASE("what is no program says so") {
    Programs programs;
    CHECK(why(programs.add("empty", "")) ==
          "exec: \"FILE\": the file is empty: exec format error [ENOEXEC]");
    CHECK(why(programs.add("text", "echo hello\n")) ==
          "exec: \"FILE\": neither an ELF file nor a script with #!: exec format error [ENOEXEC]");
    CHECK(why(programs.add("nameless", "#!  \n")) ==
          "exec: \"FILE\": its first line names no interpreter: exec format error [ENOEXEC]");
    CHECK(why(programs.add("short", std::string("\x7f"
                                                "ELF\x02\x01\x01",
                                                7))) ==
          "exec: \"FILE\": the ELF file is cut off: exec format error [ENOEXEC]");
    CHECK(why(programs.add("odd", elf(kOwnMachine, "x").substr(0, 70))).find("ENOEXEC") !=
          std::string::npos);
}

TEST_CASE("a mount with noexec is named") {
    if (!test::is_root()) {
        MESSAGE("skipped: needs root");
        return;
    }
    const auto text = test::text_from_child([]() -> std::string {
        if (::unshare(CLONE_NEWNS) < 0) return "unshare";
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return "private";
        if (::mount("tmpfs", "/tmp", "tmpfs", MS_NOEXEC, "mode=0777") < 0) return "tmpfs";
        Programs programs;
        return why(programs.add("tool", "#!/bin/sh\n"));
    });
    CHECK(text == "exec: \"FILE\": it lies on a mount with noexec: permission denied [EACCES]");
}

TEST_CASE("a directory that the user may not enter is named") {
    if (!test::is_root()) {
        MESSAGE("skipped: needs root");
        return;
    }
    Programs programs;
    const auto closed = programs.add_directory("closed");
    const auto tool = programs.add("closed/tool", "#!/bin/sh\n");
    const auto plain = programs.add("mine", "#!/bin/sh\n", 0700);
    ::chmod(closed.c_str(), 0700);
    const auto text = test::text_from_child([&] {
        if (::setuid(1000) < 0) return std::string("setuid");
        return why(tool) + "|" + why(plain);
    });
    CHECK(text == "exec: \"FILE\": uid 1000 may not enter \"" + closed +
                      "\": permission denied [EACCES]|exec: \"FILE\": uid 1000 may not execute "
                      "it: permission denied [EACCES]");
}

TEST_CASE("a file that is open for writing is busy") {
    Programs programs;
    const auto tool = programs.add("tool", "#!/bin/sh\n");
    const auto writer = sys::open_at(sys::kHere, tool.c_str(), O_WRONLY);
    REQUIRE(writer);
    CHECK(why(tool) == "exec: \"FILE\": the file is open for writing: text file busy [ETXTBSY]");
}

TEST_CASE("too long a list of arguments is said with its size") {
    kernel::Context context;
    context.executable = "/bin/sh";
    const auto done = kernel::apply(
        plan::Exec{.args = {"sh", std::string(1U << 20U, 'a')}, .env = {"A=b"}}, context);
    REQUIRE(!done);
    CHECK(describe(done.error()) ==
          "exec: \"/bin/sh\": 1048580 bytes of arguments and 4 of environment: "
          "argument list too long [E2BIG]");
}

TEST_CASE("a program is executed with its arguments and the context's environment") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        context.executable = "/bin/sh";
        context.env = {"ANSWER=42"};
        const auto done =
            kernel::apply(plan::Exec{.args = {"sh", "-c", "exit $ANSWER"}, .env = {}}, context);
        return done ? 1 : 2;
    });
    CHECK(ended.exit_code == 42);
}
