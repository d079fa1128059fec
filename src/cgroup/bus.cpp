// Room: cgroup. The message bus, by libdbus; host process.
#include "bus.hpp"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <optional>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace {

/// Who this process is to the bus while it connects.
thread_local std::optional<::uid_t> bus_identity;

}  // namespace

// libdbus tells the bus who it is by geteuid(2), and the bus compares that with what the kernel
// says of the socket: the uid outside of this user namespace. Until 1.15 there is no other way to
// say it.
extern "C" ::uid_t geteuid() noexcept {
    return bus_identity.value_or(static_cast<::uid_t>(::syscall(SYS_geteuid)));
}

// What libdbus would take from elsewhere for sides of it that are never used here: that of a bus
// daemon (libsystemd, of which there is no static library), TCP, and authentication by a file in
// the home directory. The C library's own versions of the latter two look for shared libraries at
// run time and are half a megabyte. A bus is reached by a local socket and by the uid alone.
extern "C" {
int sd_listen_fds(int /*unset_environment*/) { return 0; }
int sd_is_socket(int /*fd*/, int /*family*/, int /*type*/, int /*listening*/) { return 0; }
int getaddrinfo(const char* /*node*/, const char* /*service*/, const ::addrinfo* /*hints*/,
                ::addrinfo** /*result*/) {
    return EAI_FAIL;
}
void freeaddrinfo(::addrinfo* /*result*/) noexcept {}
int getnameinfo(const ::sockaddr* /*address*/, ::socklen_t /*length*/, char* /*host*/,
                ::socklen_t /*host_size*/, char* /*service*/, ::socklen_t /*service_size*/,
                int /*flags*/) {
    return EAI_FAIL;
}
const char* gai_strerror(int /*error*/) noexcept { return "no TCP"; }
int getpwnam_r(const char* /*name*/, ::passwd* /*entry*/, char* /*buffer*/, std::size_t /*size*/,
               ::passwd** result) {
    *result = nullptr;
    return ENOENT;
}
int getpwuid_r(::uid_t /*uid*/, ::passwd* /*entry*/, char* /*buffer*/, std::size_t /*size*/,
               ::passwd** result) {
    *result = nullptr;
    return ENOENT;
}
int getgrnam_r(const char* /*name*/, ::group* /*entry*/, char* /*buffer*/, std::size_t /*size*/,
               ::group** result) {
    *result = nullptr;
    return ENOENT;
}
int getgrgid_r(::gid_t /*gid*/, ::group* /*entry*/, char* /*buffer*/, std::size_t /*size*/,
               ::group** result) {
    *result = nullptr;
    return ENOENT;
}
// Its own words would go to the system's log; what is wrong is in the errors that it returns.
void openlog(const char* /*identity*/, int /*options*/, int /*facility*/) {}
// NOLINTNEXTLINE(bugprone-reserved-identifier): the C library's name
void __vsyslog_chk(int /*priority*/, int /*flag*/, const char* /*format*/, std::va_list /*list*/) {}
int getgrouplist(const char* /*user*/, ::gid_t /*group*/, ::gid_t* /*groups*/, int* count) {
    *count = 0;
    return -1;
}
}

namespace cleat::cgroup {
namespace {

constexpr std::chrono::milliseconds kReplyLimit{25000};
constexpr std::chrono::milliseconds kJobLimit{30000};

/// A DBusError that is always freed.
class BusError {
 public:
    BusError() { ::dbus_error_init(&error_); }
    BusError(const BusError&) = delete;
    BusError& operator=(const BusError&) = delete;
    ~BusError() { ::dbus_error_free(&error_); }
    [[nodiscard]] ::DBusError* get() noexcept { return &error_; }
    [[nodiscard]] std::unexpected<Error> failure(std::string_view what) const {
        return fail(ErrorKind::System, concat(what, ": ", error_.message ? error_.message : "",
                                              " (", error_.name ? error_.name : "", ")"));
    }

 private:
    ::DBusError error_{};
};

std::string environment(const char* name) {
    const char* value = ::secure_getenv(name);
    return value == nullptr ? "" : value;
}

/// D-Bus specification, "Well-known Message Bus Instances"; file-hierarchy(7) for the user's.
std::string address_of(plan::ServiceManager manager) {
    if (manager == plan::ServiceManager::System) {
        auto address = environment("DBUS_SYSTEM_BUS_ADDRESS");
        return address.empty() ? "unix:path=/run/dbus/system_bus_socket" : address;
    }
    auto address = environment("DBUS_SESSION_BUS_ADDRESS");
    if (!address.empty()) return address;
    const auto directory = environment("XDG_RUNTIME_DIR");
    if (!directory.empty()) return concat("unix:path=", directory, "/bus");
    return concat("unix:path=/run/user/", ::geteuid(), "/bus");
}

/// Until the other side knows who we are, libdbus waits for it without an end of its own.
Result<void> authenticate(::DBusConnection* connection) {
    const Patience patience(kReplyLimit);
    while (!::dbus_connection_get_is_authenticated(connection)) {
        if (patience.left().count() <= 0) return fail_errno("authenticate", ETIMEDOUT);
        if (!::dbus_connection_read_write(connection, static_cast<int>(patience.left().count())))
            return fail(ErrorKind::System, "the bus closed the connection");
    }
    return {};
}

/// Makes libdbus say who we are outside; for the address, too.
class Identity {
 public:
    Identity() {
        const auto map = sys::read_text_at(sys::kHere, "/proc/self/uid_map");
        if (map) bus_identity = outside_uid(*map, ::geteuid());
    }
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;
    ~Identity() { bus_identity.reset(); }
};

}  // namespace

std::uint32_t outside_uid(std::string_view map, std::uint32_t uid) {
    for (const auto line : split(map, '\n')) {
        const auto numbers = words(line);
        constexpr std::size_t kColumns = 3;
        if (numbers.size() != kColumns) continue;
        const auto inside = parse_number<std::uint32_t>(numbers[0]);
        const auto outside = parse_number<std::uint32_t>(numbers[1]);
        const auto count = parse_number<std::uint32_t>(numbers[2]);
        if (inside && outside && count && uid >= *inside && uid - *inside < *count)
            return uid - *inside + *outside;
    }
    return uid;
}

Result<Message> manager_call(const char* method) {
    Message message(::dbus_message_new_method_call("org.freedesktop.systemd1",
                                                   "/org/freedesktop/systemd1",
                                                   "org.freedesktop.systemd1.Manager", method));
    if (!message) return fail_errno("make D-Bus message", ENOMEM);
    return message;
}

Result<Message> scope_property_call(const std::string& path, const char* name) {
    Message message(::dbus_message_new_method_call("org.freedesktop.systemd1", path.c_str(),
                                                   "org.freedesktop.DBus.Properties", "Get"));
    const char* interface = "org.freedesktop.systemd1.Scope";
    if (!message || !::dbus_message_append_args(message.get(), type::kText, &interface, type::kText,
                                                &name, type::kEnd))
        return fail_errno("make D-Bus message", ENOMEM);
    return message;
}

Result<Bus> Bus::connect(plan::ServiceManager manager) {
    const Identity identity;
    const std::string address = address_of(manager);
    const std::string what = concat("reach systemd by the bus at ", address);
    BusError error;
    ::DBusConnection* connection = ::dbus_connection_open_private(address.c_str(), error.get());
    if (connection == nullptr) return error.failure(what);
    Bus bus(connection);
    ::dbus_connection_set_exit_on_disconnect(connection, FALSE);
    if (auto known = authenticate(connection); !known)
        return std::unexpected(with_context(std::move(known).error(), what));
    if (!::dbus_bus_register(connection, error.get())) return error.failure(what);
    return bus;
}

Bus::~Bus() {
    if (connection_ == nullptr) return;
    ::dbus_connection_close(connection_);
    ::dbus_connection_unref(connection_);
}

Result<Message> Bus::call(const Message& message) const {
    BusError error;
    Message reply(::dbus_connection_send_with_reply_and_block(
        connection_, message.get(), static_cast<int>(kReplyLimit.count()), error.get()));
    if (!reply) return error.failure(::dbus_message_get_member(message.get()));
    return reply;
}

Result<void> Bus::listen_to_jobs() const {
    BusError error;
    ::dbus_bus_add_match(connection_,
                         "type='signal',sender='org.freedesktop.systemd1',"
                         "interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
                         error.get());
    if (::dbus_error_is_set(error.get())) return error.failure("listen to systemd");
    // Without subscribers systemd sends no signals.
    const Message subscribe = TRY(manager_call("Subscribe"));
    TRY(call(subscribe));
    return {};
}

Result<std::string> Bus::await_job(const std::string& job) const {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + kJobLimit;
    for (;;) {
        while (const Message message{::dbus_connection_pop_message(connection_)}) {
            dbus_uint32_t id = 0;
            const char* path = nullptr;
            const char* unit = nullptr;
            const char* result = nullptr;
            const bool is_about_job =
                ::dbus_message_is_signal(message.get(), "org.freedesktop.systemd1.Manager",
                                         "JobRemoved") &&
                ::dbus_message_get_args(message.get(), nullptr, type::kUint32, &id,
                                        type::kObjectPath, &path, type::kText, &unit, type::kText,
                                        &result, type::kEnd);
            if (is_about_job && job == path) return std::string(result);
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) return fail_errno("wait for systemd's job", ETIMEDOUT);
        if (!::dbus_connection_read_write(connection_, static_cast<int>(left)))
            return fail(ErrorKind::System, "systemd's bus closed the connection");
    }
}

}  // namespace cleat::cgroup
