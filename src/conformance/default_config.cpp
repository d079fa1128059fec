// Room: conformance. The bundle that cases begin with: close to what engines give.
#include "stage.hpp"

namespace cleat::conformance {

const char* default_config() noexcept {
    return R"({
"ociVersion":"1.0.2",
"root":{"path":"rootfs"},
"hostname":"conformance",
"process":{
 "user":{"uid":0,"gid":0},"args":[],"cwd":"/",
 "env":["PATH=/bin:/usr/bin","WHO=conformance"],
 "capabilities":{
  "bounding":["CAP_CHOWN","CAP_KILL","CAP_MKNOD","CAP_SETUID","CAP_SETGID"],
  "effective":["CAP_CHOWN","CAP_KILL","CAP_MKNOD","CAP_SETUID","CAP_SETGID"],
  "permitted":["CAP_CHOWN","CAP_KILL","CAP_MKNOD","CAP_SETUID","CAP_SETGID"]}},
"mounts":[
 {"destination":"/proc","type":"proc","source":"proc"},
 {"destination":"/dev","type":"tmpfs","source":"tmpfs",
  "options":["nosuid","strictatime","mode=755","size=65536k"]},
 {"destination":"/dev/pts","type":"devpts","source":"devpts",
  "options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]},
 {"destination":"/dev/shm","type":"tmpfs","source":"shm",
  "options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
 {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]}],
"linux":{
 "cgroupsPath":"$CGROUP",
 "namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}],
 "resources":{"devices":[
  {"allow":false,"access":"rwm"},
  {"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"},
  {"allow":true,"type":"c","major":1,"minor":5,"access":"rwm"},
  {"allow":true,"type":"c","major":1,"minor":7,"access":"rwm"},
  {"allow":true,"type":"c","major":1,"minor":8,"access":"rwm"},
  {"allow":true,"type":"c","major":1,"minor":9,"access":"rwm"},
  {"allow":true,"type":"c","major":5,"minor":0,"access":"rwm"},
  {"allow":true,"type":"c","major":5,"minor":2,"access":"rwm"},
  {"allow":true,"type":"c","major":136,"access":"rwm"}]}}})";
}

const char* rootless_patch() noexcept {
    return R"({"linux":{
 "cgroupsPath":null,"resources":null,
 "+namespaces":[{"type":"user"}],
 "uidMappings":[{"containerID":0,"hostID":$UID,"size":1}],
 "gidMappings":[{"containerID":0,"hostID":$GID,"size":1}]}})";
}

}  // namespace cleat::conformance
