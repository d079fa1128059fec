// Room: cgroup. A connection to a D-Bus message bus; with systemd*.cpp all that knows libdbus.
// Every wait has an end.
#pragma once

#include <dbus/dbus.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::cgroup {

/// DBUS_TYPE_*, whose macros are casts in the old style (D-Bus specification, "Type system").
namespace type {
inline constexpr int kEnd = 0;
inline constexpr int kBoolean = 'b';
inline constexpr int kByte = 'y';
inline constexpr int kInt32 = 'i';
inline constexpr int kUint32 = 'u';
inline constexpr int kUint64 = 't';
inline constexpr int kText = 's';
inline constexpr int kObjectPath = 'o';
inline constexpr int kArray = 'a';
inline constexpr int kStruct = 'r';
inline constexpr int kVariant = 'v';
}  // namespace type

struct UnrefMessage {
    void operator()(::DBusMessage* message) const noexcept { ::dbus_message_unref(message); }
};
using Message = std::unique_ptr<::DBusMessage, UnrefMessage>;

/// A call of a method of systemd's manager, without arguments yet.
[[nodiscard]] Result<Message> manager_call(const char* method);
/// A call of the method that reads one property of a scope at this object path.
[[nodiscard]] Result<Message> scope_property_call(const std::string& path, const char* name);

class Bus {
 public:
    /// Errors: NotFound-like System errors that say which bus is not there.
    [[nodiscard]] static Result<Bus> connect(plan::ServiceManager manager);
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;
    Bus(Bus&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    Bus& operator=(Bus&&) = delete;
    ~Bus();

    /// Sends and waits for the reply; an error reply becomes an error with its name in front.
    [[nodiscard]] Result<Message> call(const Message& message) const;
    /// Asks for the signals about jobs that end.
    [[nodiscard]] Result<void> listen_to_jobs() const;
    /// Waits for the end of a job (an object path); its result, "done" if all is well.
    [[nodiscard]] Result<std::string> await_job(const std::string& job) const;

 private:
    explicit Bus(::DBusConnection* connection) : connection_(connection) {}
    ::DBusConnection* connection_;
};

}  // namespace cleat::cgroup
