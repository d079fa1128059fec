// Tests of room kernel: HOME from the container.
#include "../../../src/kernel/passwd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"

namespace {

using namespace cleat;

/// A directory that is taken for a container's root.
class TemporaryRoot {
 public:
    TemporaryRoot() {
        if (::mkdtemp(path_.data()) != nullptr) ::mkdir((path_ + "/etc").c_str(), 0755);
    }
    TemporaryRoot(const TemporaryRoot&) = delete;
    TemporaryRoot& operator=(const TemporaryRoot&) = delete;
    ~TemporaryRoot() {
        ::unlink((path_ + "/etc/passwd").c_str());
        ::rmdir((path_ + "/etc").c_str());
        ::rmdir(path_.c_str());
    }
    [[nodiscard]] std::string passwd() const { return path_ + "/etc/passwd"; }
    void write(std::string_view text) const {
        auto file = sys::open_at(sys::kHere, passwd().c_str(), O_WRONLY | O_CREAT, 0644);
        REQUIRE(file);
        REQUIRE(sys::write_all(file->get(), text));
    }
    /// The environment after SetHome for that uid.
    [[nodiscard]] std::vector<std::string> env_of(std::uint32_t uid,
                                                  std::vector<std::string> env = {}) const {
        kernel::Context context;
        context.env = std::move(env);
        context.root = sys::RootFs(*sys::open_at(sys::kHere, path_.c_str(), O_PATH | O_DIRECTORY));
        REQUIRE(kernel::apply(plan::SetHome{Uid{uid}}, context));
        return context.env;
    }

 private:
    std::string path_ = "/tmp/cleat-passwd-XXXXXX";
};

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "1000:x:0:0::/trap:/bin/sh\n"
    "app:x:1000:1000:App:/home/app:/bin/sh\n"
    "again:x:1000:1000:App:/home/second:/bin/sh";

}  // namespace

TEST_CASE("the home is that of the first entry with the uid") {
    CHECK(kernel::home_of(kPasswd, Uid{0}) == "/root");
    CHECK(kernel::home_of(kPasswd, Uid{1000}) == "/home/app");
    CHECK(!kernel::home_of(kPasswd, Uid{7}));
    CHECK(!kernel::home_of("", Uid{0}));
}

TEST_CASE("malformed and overlong lines of a passwd are passed over") {
    const std::string text =
        "x:y:0\nroot:x:0x0:0::/hex:/bin/sh\nroot:x:0:0:" + std::string(5000, 'a') +
        ":/long:/bin/sh\nroot:x:0:0:::/bin/sh\n" + "root:x:0:0::/good:/bin/sh\n";
    CHECK(kernel::home_of(text, Uid{0}) == "/good");
}

TEST_CASE("HOME comes from the container's passwd") {
    const TemporaryRoot root;
    root.write(kPasswd);
    CHECK(root.env_of(1000) == std::vector<std::string>{"HOME=/home/app"});
    CHECK(root.env_of(7) == std::vector<std::string>{"HOME=/"});
}

TEST_CASE("a HOME that the configuration gives stays") {
    const TemporaryRoot root;
    root.write(kPasswd);
    CHECK(root.env_of(1000, {"A=b", "HOME=/mine"}) ==
          std::vector<std::string>{"A=b", "HOME=/mine"});
}

TEST_CASE("without a passwd, or with something else in its place, HOME is the root") {
    const TemporaryRoot root;
    CHECK(root.env_of(0) == std::vector<std::string>{"HOME=/"});
    REQUIRE(::mkfifo(root.passwd().c_str(), 0644) == 0);
    CHECK(root.env_of(0) == std::vector<std::string>{"HOME=/"});
    REQUIRE(::unlink(root.passwd().c_str()) == 0);
    REQUIRE(::symlink("/proc/self/fd/0", root.passwd().c_str()) == 0);
    CHECK(root.env_of(0) == std::vector<std::string>{"HOME=/"});
}

TEST_CASE("a huge passwd is not read") {
    const TemporaryRoot root;
    root.write(std::string(kPasswd) + "\n" + std::string(3U << 20U, 'x'));
    CHECK(root.env_of(0) == std::vector<std::string>{"HOME=/"});
}
