// Unit tests of audit/files.cpp, on a bundle in a directory of their own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "cleat/base/text.hpp"
#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::changed;

/// A bundle with a hook and a root; what is in it is removed by name.
class Bundle {
 public:
    Bundle() {
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
        for (const char* name : {"rootfs", "hooks"})
            ::mkdir(concat(path_, "/", name).c_str(), 0755);
        for (const char* name : {"config.json", "hooks/hook", "rootfs/hook"}) make(name);
    }
    Bundle(const Bundle&) = delete;
    Bundle& operator=(const Bundle&) = delete;
    ~Bundle() {
        for (const char* name : {"config.json", "hooks/hook", "rootfs/hook", "socket"})
            ::unlink(concat(path_, "/", name).c_str());
        for (const char* name : {"/rootfs", "/hooks", ""}) ::rmdir(concat(path_, name).c_str());
    }

    void mode(std::string_view name, ::mode_t mode) const {
        REQUIRE(::chmod(concat(path_, "/", name).c_str(), mode) == 0);
    }
    [[nodiscard]] std::string path(std::string_view name) const { return concat(path_, "/", name); }

    /// The findings about files in the careful configuration with this hook.
    [[nodiscard]] std::vector<std::string> found(std::string_view hook) const {
        const auto text = changed(R"("ociVersion")", concat(R"("hooks": {"poststop": [{"path": ")",
                                                            path(hook), R"("}]}, "ociVersion")"));
        return lines(text);
    }
    [[nodiscard]] std::vector<std::string> lines(const std::string& text) const {
        const auto report =
            audit({.file = path("config.json"), .text = text, .directory = path_}, {});
        REQUIRE(report);
        std::vector<std::string> out;
        for (const auto& finding : report->findings)
            out.push_back(concat(finding.level, " ", finding.rule, " ", finding.pointer));
        return out;
    }

 private:
    void make(std::string_view name) const {
        const int fd = ::open(path(name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
        REQUIRE(fd >= 0);
        ::close(fd);
    }
    std::string path_ = "/tmp/cleat-audit-XXXXXX";
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a hook that only root and the caller can change is no finding") {
    CHECK(Bundle().found("hooks/hook") == Lines{});
}

TEST_CASE("a hook is found if others can write it, or a directory that leads to it") {
    const Bundle bundle;
    bundle.mode("hooks/hook", 0757);
    CHECK(bundle.found("hooks/hook") == Lines{"critical untrusted-hook /hooks/poststop/0/path"});
    bundle.mode("hooks/hook", 0755);
    bundle.mode("hooks", 0777);
    CHECK(bundle.found("hooks/hook") == Lines{"critical untrusted-hook /hooks/poststop/0/path"});
    bundle.mode("hooks", 01777);
    CHECK(bundle.found("hooks/hook") == Lines{});
}

TEST_CASE("a hook in the container's root is the image's, and one that is not there is nobody's") {
    const Bundle bundle;
    CHECK(bundle.found("rootfs/hook") == Lines{"critical untrusted-hook /hooks/poststop/0/path"});
    CHECK(bundle.found("hooks/none") == Lines{});
}

TEST_CASE("a bundle that others can change is found") {
    const Bundle bundle;
    bundle.mode("config.json", 0666);
    CHECK(bundle.lines(std::string(sample::kCareful)) == Lines{"high untrusted-bundle "});
}

TEST_CASE("a socket of the host is found by what it is") {
    const Bundle bundle;
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(&address.sun_path[0], bundle.path("socket").c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
    const auto text = sample::with_mount(
        R"({"destination": "/s", "type": "bind", "source": "socket", "options": ["bind"]})",
        std::string(sample::kCareful));
    CHECK(bundle.lines(text) == Lines{"medium engine-socket /mounts/1/source"});
    ::close(fd);
}

}  // namespace cleat::audit
